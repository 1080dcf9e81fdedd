package tessella.models.softmoe;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Elementwise.mul;
import static tessella.autodiff.LinearAlgebra.einsum;
import static tessella.autodiff.Norms.l2Normalize;
import static tessella.autodiff.Shapes.reshape;
import static tessella.autodiff.Softmax.softmax;

import java.util.List;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/**
 * The router of Soft MoE (Puigcerver et al., From Sparse to Soft Mixtures of Experts, ICLR 2024, section 2): dispatch
 * weights D and combine weights C from one matrix of logits.
 */
public final class SoftRouter {
    /** Inside the root of the normaliser: x (|x|^2 + eps)^-1/2, whose gradient is finite at 0. */
    static final double EPS = 1e-6;

    private final SoftMoeConfig config;
    private final Tensor phi;
    private final Tensor scale;

    /** D [b, m, n, p], whose sum over tokens m is 1, and C [b, m, n, p], whose sum over slots (n, p) is 1. */
    public record Routing(Tensor dispatch, Tensor combine) {}

    /** The router whose parameters are named prefix.phi and prefix.scale; without a learned side it has none. */
    public SoftRouter(Parameters parameters, String prefix, SoftMoeConfig config) {
        this(config, config.hasRouter() ? parameters.get(prefix + ".phi").tensor() : null,
                config.hasRouter() ? parameters.get(prefix + ".scale").tensor() : null);
    }

    /** A router of these tensors: Phi [d, n, p], and the scalar s. */
    public SoftRouter(SoftMoeConfig config, Tensor phi, Tensor scale) {
        this.config = config;
        this.phi = phi;
        this.scale = scale;
    }

    /**
     * Its parameters. Phi starts LeCun normal with the fan-in that the published code counts, n d instead of d: columns are
     * normalised, so the forward pass cannot see it, but the angular step of Adam is sqrt(n) larger.
     */
    public static List<ParameterSpec> specs(String prefix, long width, SoftMoeConfig config) {
        return !config.hasRouter() ? List.of() : List.of(
                new ParameterSpec(prefix + ".phi", Shape.of(width, config.experts(), config.slots()),
                        Initializer.lecunNormal(width * config.experts())),
                new ParameterSpec(prefix + ".scale", Shape.of(), Initializer.constant(1)));
    }

    /** Routes tokens x [b, m, d]. */
    public Routing route(Tensor x) {
        return route(x, null);
    }

    /**
     * Routes tokens x [b, m, d] of which some are padding.
     *
     * @param padding [b, m], 0 for a token and minus infinity for padding, which then gets D = 0; null for none
     */
    public Routing route(Tensor x, Tensor padding) {
        long b = x.dim(0);
        long m = x.dim(1);
        long n = config.experts();
        long p = config.slots();
        Tensor logits = config.hasRouter() ? logits(x) : null;
        Tensor dispatch = switch (config.dispatch()) {
            case SOFT -> softmax(padding == null ? logits : add(logits, column(padding)), 1);
            case UNIFORM -> constant(x.dtype(), 1.0 / m, b, m, n, p);
            case IDENTITY -> identity(x.dtype(), b, m);
        };
        Tensor combine = switch (config.combine()) {
            case SOFT -> softmax(logits, 2, 3);
            case UNIFORM -> constant(x.dtype(), 1.0 / (n * p), b, m, n, p);
            case IDENTITY -> dispatch;
        };
        return new Routing(dispatch, combine);
    }

    /** L = xh (s Phih), rows of x and columns of Phi at unit length: |L| is at most |s|, whatever the width. */
    private Tensor logits(Tensor x) {
        Tensor xh = l2Normalize(x, 2, EPS);                                             // [b, m, d]
        Tensor phih = mul(l2Normalize(phi, 0, EPS), scale);                             // [d, n, p]
        return einsum("bmd,dnp->bmnp", xh, phih);                                       // [b, m, n, p]
    }

    private static Tensor column(Tensor padding) {
        return reshape(padding, padding.dim(0), padding.dim(1), 1, 1);
    }

    private static Tensor constant(DType dtype, double value, long... dims) {
        return Tensor.of(NdArray.full(Scope.current(), dtype, Shape.of(dims), value));
    }

    private Tensor identity(DType dtype, long b, long m) {
        int n = config.experts();
        int p = config.slots();
        if (m != (long) n * p) {
            throw new IllegalArgumentException("soft moe: identity mixing expects as many tokens as slots, found " + m
                    + " tokens for " + n + " experts of " + p + " slots");
        }
        double[] weights = new double[Math.toIntExact(m * n * p)];
        for (int i = 0; i < m; i++) {
            weights[(i * n + i % n) * p + i / n] = 1;
        }
        NdArray one = NdArray.empty(Scope.current(), dtype, Shape.of(m, n, p));
        one.copyFrom(weights);
        return Tensor.of(one.broadcastTo(Shape.of(b, m, n, p)));
    }
}

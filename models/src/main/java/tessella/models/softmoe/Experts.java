package tessella.models.softmoe;

import static tessella.autodiff.Elementwise.gelu;
import static tessella.autodiff.LinearAlgebra.linear;
import static tessella.autodiff.Shapes.reshape;

import java.util.List;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** n MLPs side by side: f_i(x) = gelu(x W1_i + b1_i) W2_i + b2_i. */
public final class Experts {
    private final Tensor inKernel;
    private final Tensor inBias;
    private final Tensor outKernel;
    private final Tensor outBias;

    /** The experts whose parameters start with prefix. */
    public Experts(Parameters parameters, String prefix) {
        this(parameters.get(prefix + ".in.kernel").tensor(), parameters.get(prefix + ".in.bias").tensor(),
                parameters.get(prefix + ".out.kernel").tensor(), parameters.get(prefix + ".out.bias").tensor());
    }

    /** Experts of these tensors: kernels [n, d, h] and [n, h, d], biases [n, h] and [n, d]. */
    public Experts(Tensor inKernel, Tensor inBias, Tensor outKernel, Tensor outBias) {
        this.inKernel = inKernel;
        this.inBias = inBias;
        this.outKernel = outKernel;
        this.outBias = outBias;
    }

    /**
     * Its parameters, as those of an MLP, fans counted for one expert. With learned dispatch all experts start bit-identical,
     * as in the published configurations; without it they start independent, for else they would never separate.
     */
    public static List<ParameterSpec> specs(String prefix, long width, long hidden, SoftMoeConfig config) {
        long n = config.experts();
        Initializer kernel = Initializer.xavierUniform(width, hidden);
        Initializer bias = Initializer.normal(1e-6);
        boolean identical = config.dispatch() == Mixing.SOFT;
        return List.of(
                new ParameterSpec(prefix + ".in.kernel", Shape.of(n, width, hidden),
                        identical ? kernel.repeated(width * hidden) : kernel),
                new ParameterSpec(prefix + ".in.bias", Shape.of(n, hidden), identical ? bias.repeated(hidden) : bias),
                new ParameterSpec(prefix + ".out.kernel", Shape.of(n, hidden, width),
                        identical ? kernel.repeated(width * hidden) : kernel),
                new ParameterSpec(prefix + ".out.bias", Shape.of(n, width), identical ? bias.repeated(width) : bias));
    }

    /** Slots [n, b, p, d], those of expert i at [i], to outputs of the same shape. */
    public Tensor apply(Tensor slots) {
        long n = slots.dim(0);
        long rows = slots.dim(1) * slots.dim(2);
        long d = slots.dim(3);
        Tensor x = reshape(slots, n, rows, d);                   // [n, b p, d]
        Tensor h = gelu(linear(x, inKernel, inBias));            // [n, b p, h]
        Tensor y = linear(h, outKernel, outBias);                // [n, b p, d]
        return reshape(y, n, slots.dim(1), slots.dim(2), d);
    }
}

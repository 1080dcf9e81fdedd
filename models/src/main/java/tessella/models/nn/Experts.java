package tessella.models.nn;

import static tessella.autodiff.Elementwise.gelu;
import static tessella.autodiff.LinearAlgebra.linear;
import static tessella.autodiff.Shapes.reshape;

import java.util.List;
import tessella.autodiff.Indexing;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;

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

    /** How the experts of a layer begin. */
    public enum Start {
        /** Bit-identical, as in the published configurations: what they are given tells them apart. */
        IDENTICAL,
        /** Each with random numbers of its own, where all are given the same. */
        INDEPENDENT
    }

    /** The parameters of n experts, as those of an MLP, fans counted for one expert. */
    public static List<ParameterSpec> specs(String prefix, long width, long hidden, int n, Start start) {
        Initializer kernel = Initializer.xavierUniform(width, hidden);
        Initializer bias = Initializer.normal(1e-6);
        return List.of(spec(prefix + ".in.kernel", kernel, start, n, width, hidden),
                spec(prefix + ".in.bias", bias, start, n, hidden),
                spec(prefix + ".out.kernel", kernel, start, n, hidden, width),
                spec(prefix + ".out.bias", bias, start, n, width));
    }

    private static ParameterSpec spec(String name, Initializer one, Start start, long... dims) {
        Shape shape = Shape.of(dims);
        return new ParameterSpec(name, shape, switch (start) {
            case IDENTICAL -> one.repeated(shape.size() / dims[0]);
            case INDEPENDENT -> one;
        });
    }

    /**
     * Some of these experts, in the given order, their weights copied in the innermost scope: for layers in which the others have
     * nothing to do. Gradients reach the weights of all, 0 for the others.
     */
    public Experts only(int... experts) {
        return new Experts(Indexing.indexSelect(inKernel, 0, experts), Indexing.indexSelect(inBias, 0, experts),
                Indexing.indexSelect(outKernel, 0, experts), Indexing.indexSelect(outBias, 0, experts));
    }

    /** Whether products read packed copies of the weights ({@link Parameter#pack}), which {@link #only} would leave aside. */
    public boolean arePacked() {
        return Parameter.isPacked(inKernel) || Parameter.isPacked(outKernel);
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

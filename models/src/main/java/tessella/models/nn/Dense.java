package tessella.models.nn;

import java.util.List;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;

/** y = x W + b, W [in, out], or y = x W. */
public final class Dense {
    private final Tensor kernel;
    private final Tensor bias;

    /** The layer whose parameters are named prefix.kernel and prefix.bias. */
    public Dense(Parameters parameters, String prefix) {
        this(parameters.get(prefix + ".kernel").tensor(), parameters.get(prefix + ".bias").tensor());
    }

    private Dense(Tensor kernel, Tensor bias) {
        this.kernel = kernel;
        this.bias = bias;
    }

    /** The layer without a bias, whose parameter is named prefix.kernel. */
    public static Dense withoutBias(Parameters parameters, String prefix) {
        return new Dense(parameters.get(prefix + ".kernel").tensor(), null);
    }

    /** Its parameters. */
    public static List<ParameterSpec> specs(String prefix, long in, long out, Initializer kernel, Initializer bias) {
        return List.of(new ParameterSpec(prefix + ".kernel", Shape.of(in, out), kernel),
                new ParameterSpec(prefix + ".bias", Shape.of(out), bias));
    }

    /** The product, [.., out]. */
    public Tensor apply(Tensor x) {
        return LinearAlgebra.linear(x, kernel, bias);
    }
}

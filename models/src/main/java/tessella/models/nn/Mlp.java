package tessella.models.nn;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Tensor;

/** The MLP of a transformer block: y = gelu(x W1 + b1) W2 + b2, GELU in the tanh form. */
public final class Mlp implements Layer {
    private final Dense in;
    private final Dense out;

    /** The layer whose parameters start with prefix. */
    public Mlp(Parameters parameters, String prefix) {
        in = new Dense(parameters, prefix + ".in");
        out = new Dense(parameters, prefix + ".out");
    }

    /** Its parameters: kernels Xavier uniform, biases N(0, 1e-6). */
    public static List<ParameterSpec> specs(String prefix, long width, long hidden) {
        List<ParameterSpec> specs = new ArrayList<>();
        Initializer kernel = Initializer.xavierUniform(width, hidden);
        Initializer bias = Initializer.normal(1e-6);
        specs.addAll(Dense.specs(prefix + ".in", width, hidden, kernel, bias));
        specs.addAll(Dense.specs(prefix + ".out", hidden, width, kernel, bias));
        return specs;
    }

    @Override
    public Tensor apply(Tensor x, Observer observer) {
        return out.apply(Elementwise.gelu(in.apply(x)));
    }
}

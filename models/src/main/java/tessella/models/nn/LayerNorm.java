package tessella.models.nn;

import java.util.List;
import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;

/** LayerNorm with scale and bias over the last axis, eps 1e-6 (Flax and timm). */
public final class LayerNorm implements Norm {
    static final double EPS = 1e-6;

    private final Tensor scale;
    private final Tensor bias;

    /** The layer whose parameters are named prefix.scale and prefix.bias. */
    public LayerNorm(Parameters parameters, String prefix) {
        scale = parameters.get(prefix + ".scale").tensor();
        bias = parameters.get(prefix + ".bias").tensor();
    }

    /** Its parameters: scale 1, bias 0. */
    public static List<ParameterSpec> specs(String prefix, long width) {
        return List.of(new ParameterSpec(prefix + ".scale", Shape.of(width), Initializer.constant(1)),
                new ParameterSpec(prefix + ".bias", Shape.of(width), Initializer.constant(0)));
    }

    @Override
    public Tensor apply(Tensor x) {
        return Norms.layerNorm(x, scale, bias, EPS);
    }
}

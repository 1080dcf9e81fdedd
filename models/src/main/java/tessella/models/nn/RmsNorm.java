package tessella.models.nn;

import java.util.List;
import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;

/** RMSNorm with a gain over the last axis, y = gain x (mean x^2 + 1e-6)^-1/2: LayerNorm without centring and bias (ViT-22B). */
public final class RmsNorm implements Norm {
    private final Tensor scale;

    /** The layer whose parameter is named prefix.scale. */
    public RmsNorm(Parameters parameters, String prefix) {
        scale = parameters.get(prefix + ".scale").tensor();
    }

    /** Its parameter: scale 1. */
    public static List<ParameterSpec> specs(String prefix, long width) {
        return List.of(new ParameterSpec(prefix + ".scale", Shape.of(width), Initializer.constant(1)));
    }

    @Override
    public Tensor apply(Tensor x) {
        return Norms.rmsNorm(x, scale, LayerNorm.EPS);
    }
}

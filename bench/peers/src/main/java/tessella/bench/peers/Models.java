package tessella.bench.peers;

import java.util.List;
import tessella.engine.DType;
import tessella.engine.Random;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.vit.SinCos2d;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** What the work on whole models must know of presets. */
final class Models {
    private static final String HEAD = "head.kernel";

    private Models() {}

    static VitConfig config(String preset) {
        return VitConfig.preset(preset);
    }

    static List<ParameterSpec> specs(String preset) {
        return VisionTransformer.specs(config(preset));
    }

    /**
     * A model with the initial parameters of seed 1, but for the kernel of its head: that begins at 0, and all logits would be 0
     * whatever comes before; here it is LeCun normal.
     */
    static VisionTransformer model(String preset) {
        VisionTransformer model = VisionTransformer.initialized(config(preset), DType.F32, 1);
        Initializer.lecunNormal(config(preset).dim()).fill(model.parameters().get(HEAD).value(), Random.of(1, HEAD));
        return model;
    }

    /** Fixed positions [tokens, width]; the row of a class token is zero. */
    static float[] sinCos(VitConfig config) {
        double[] table = SinCos2d.table(config.gridRows(), config.gridColumns(), config.dim());
        float[] rows = new float[config.tokens() * config.dim()];
        for (int i = 0; i < table.length; i++) {
            rows[rows.length - table.length + i] = (float) table[i];
        }
        return rows;
    }

    static double parameters(String preset) {
        return specs(preset).stream().mapToDouble(spec -> spec.shape().size()).sum();
    }

    static double forwardFlop(String preset) {
        return 2.0 * config(preset).multiplyAdds();
    }
}

package tessella.bench.peers;

import java.util.List;
import tessella.models.nn.ParameterSpec;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** What the work on whole models must know of presets. */
final class Models {
    private Models() {}

    static VitConfig config(String preset) {
        return VitConfig.preset(preset);
    }

    static List<ParameterSpec> specs(String preset) {
        return VisionTransformer.specs(config(preset));
    }

    static double parameters(String preset) {
        return specs(preset).stream().mapToDouble(spec -> spec.shape().size()).sum();
    }

    static double forwardFlop(String preset) {
        return 2.0 * config(preset).multiplyAdds();
    }
}

package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.reference.Array;
import tessella.reference.CentralDifference;
import tessella.reference.Comparison;

/** Gradients of whole small models for every parameter and the images, against central differences in float64. */
class VitGradientTest {
    private static final Shape IMAGES = Shape.of(2, 4, 6, 1);
    private static final int CLASSES = 3;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    static Stream<VitConfig> configs() {
        List<VitConfig> configs = new ArrayList<>();
        for (BlockForm form : BlockForm.values()) {
            configs.add(config(Head.CLS, QkNorm.RMS_NORM, form, null));
            configs.add(config(Head.GAP, QkNorm.NONE, form, null));
            configs.add(config(Head.MAP, QkNorm.LAYER_NORM, form, null));
            configs.add(config(Head.MAP, QkNorm.LAYER_NORM, form, new SoftMoeConfig(2, 2, 1)));
        }
        return configs.stream();
    }

    private static VitConfig config(Head head, QkNorm qkNorm, BlockForm form, SoftMoeConfig moe) {
        return new VitConfig(4, 6, 1, 2, 8, 1, 5, 2, CLASSES, Position.LEARNED, head, qkNorm, form, 0, moe);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void gradientsAreCentralDifferences(VitConfig config) {
        double[] pixels = OracleParameters.normal(1, "images", IMAGES);
        Array dy = Array.of(new int[] {2, CLASSES}, OracleParameters.normal(1, "dy", Shape.of(2, CLASSES)));
        try (VisionTransformer model = VisionTransformer.initialized(config, DType.F64, 1)) {
            OracleParameters.randomize(model.parameters(), 1);
            // halved: saturated weights bend too much for a difference
            for (Parameter parameter : model.parameters().all()) {
                parameter.value().copyFrom(Arrays.stream(parameter.value().toDoubles()).map(v -> v / 2).toArray());
            }
            Map<String, double[]> gradients = new HashMap<>();
            double[] ofImages;
            try (Tape tape = Tape.record()) {
                Tensor images = tape.watch(Tensor.of(Scope.current(), IMAGES, pixels));
                Tensor logits = model.logits(images);
                Gradients g = tape.gradients(List.of(logits),
                        List.of(NdArray.of(Scope.current(), logits.shape(), dy.data().clone())));
                ofImages = g.of(images).toDoubles();
                for (Parameter parameter : model.parameters().all()) {
                    gradients.put(parameter.name(), g.of(parameter).toDoubles());
                }
            }
            for (Parameter parameter : model.parameters().all()) {
                double[] at = parameter.value().toDoubles();
                require(parameter.name(), CentralDifference.gradient(moved -> {
                    parameter.value().copyFrom(moved.data());
                    return objective(model, pixels, dy);
                }, Array.of(new int[] {at.length}, at.clone())), gradients.get(parameter.name()));
                parameter.value().copyFrom(at);
            }
            require("images", CentralDifference.gradient(moved -> objective(model, moved.data(), dy),
                    Array.of(new int[] {pixels.length}, pixels.clone())), ofImages);
        }
    }

    private static double objective(VisionTransformer model, double[] pixels, Array dy) {
        try (Scope scope = Scope.open()) {
            return Array.of(dy.shape(), model.logits(Tensor.of(scope, IMAGES, pixels)).toDoubles()).dot(dy);
        }
    }

    private static void require(String what, Array expected, double[] found) {
        Comparison.of(what, expected, found).requireWithin(1e-6, 1e-7);
    }
}

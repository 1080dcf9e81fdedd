package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

class WeightDecayTest {
    private static final ByName PAPER = WeightDecay.softMoe(0.1, 3);

    @Test
    void kernelsAndTheScaleOfTheRouterDecayAndNothingElse() {
        VitConfig config = new VitConfig(8, 8, 1, 4, 8, 2, 16, 2, 3, Position.LEARNED, Head.CLS, QkNorm.LAYER_NORM, 0,
                new SoftMoeConfig(2, 2, 1));
        Map<String, Double> decaying = new TreeMap<>();
        for (ParameterSpec spec : VisionTransformer.specs(config)) {
            if (PAPER.of(spec.name()) != 0) {
                decaying.put(spec.name(), PAPER.of(spec.name()));
            }
        }
        Map<String, Double> expected = new TreeMap<>(Map.of("embedding.kernel", 0.1, "blocks.0.mlp.in.kernel", 0.1,
                "blocks.0.mlp.out.kernel", 0.1, "blocks.1.moe.router.scale", 0.1, "blocks.1.moe.experts.in.kernel", 0.1,
                "blocks.1.moe.experts.out.kernel", 0.1, "head.kernel", 3.0));
        for (String block : List.of("blocks.0", "blocks.1")) {
            for (String projection : List.of("query", "key", "value", "out")) {
                expected.put(block + ".attention." + projection + ".kernel", 0.1);
            }
        }
        assertEquals(expected, decaying);
    }

    @Test
    void whatIsNotAKernelDoesNotDecay() {
        for (String name : List.of("blocks.1.moe.router.phi", "position", "cls", "head.bias", "norm.scale", "norm.bias",
                "blocks.0.norm1.scale", "blocks.0.attention.query_norm.scale", "blocks.1.moe.experts.in.bias", "kernel",
                "router.scale", "xhead_kernel", "head.kernel.bias")) {
            assertEquals(0, PAPER.of(name), name);
        }
        assertEquals(0.1, PAPER.of("map.head.kernel"), "only the classifier has the rate of the head");
    }

    @Test
    void theFirstRuleThatMatchesTheWholeNameHolds() {
        ByName decay = new ByName(List.of(ByName.Rule.of("a", 1), ByName.Rule.of("a+", 2)), 0);
        assertEquals(1, decay.of("a"));
        assertEquals(2, decay.of("aa"));
        assertEquals(0, decay.of("aab"));
        assertEquals(5, new ByName(decay.rules(), 5).of("aab"));
        assertEquals(0.3, WeightDecay.everything(0.3).of("norm.bias"));
    }

    @Test
    void valuesThatAreNoSharesAreRefused() {
        assertEquals("values by name: expected a finite value of at least 0 for .*kernel, found -1.0",
                assertThrows(IllegalArgumentException.class, () -> new ByName(List.of(ByName.Rule.of(".*kernel", -1)), 0))
                        .getMessage());
        assertEquals("values by name: expected a finite value of at least 0 for other names, found NaN",
                assertThrows(IllegalArgumentException.class, () -> ByName.all(Double.NaN)).getMessage());
    }
}

package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

class PartsTest {
    private static final int BATCH = 6;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Map<String, float[]> gradients(VisionTransformer model, Tensor images, int parts, long parameters, int threads) {
        int each = BATCH / parts;
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        Map<String, float[]> values = new LinkedHashMap<>();
        try (Workers team = Workers.of(threads)) {
            Workers.with(team, () -> {
                try (Scope shared = Scope.shared()) {
                    Gradients gradients = new Parts(parts, parameters).gradients(shared, part -> {
                        seen.add(Thread.currentThread());
                        int[] labels = {part, part + 1, part + 2, part + 3, part + 4, part + 5};
                        Tensor logits = model.logits(Shapes.slice(images, 0, part * each, (part + 1) * each));
                        return Reductions.mean(Losses.softmaxCrossEntropy(logits, Arrays.copyOf(labels, each), 0));
                    });
                    model.parameters().all().forEach(p -> values.put(p.name(), gradients.of(p).toFloats()));
                }
            });
        }
        assertTrue(seen.size() <= Math.min(parts, threads));
        assertTrue(parameters < 10 || seen.equals(Set.of(Thread.currentThread())), "large models use one part at a time");
        return values;
    }

    @Test
    void theBitsDependOnThePartsAndNotOnTheThreads() {
        try (Scope shared = Scope.shared(); VisionTransformer model = VisionTransformer.initialized(VitConfig.preset("soft-moe-tiny"),
                DType.F32, 1)) {
            NdArray drawn = NdArray.empty(shared, DType.F32, Shape.of(BATCH, 28, 28, 1));
            Random random = Random.of(1, "images");
            double[] pixels = new double[Math.toIntExact(drawn.size())];
            Arrays.setAll(pixels, random::normal);
            drawn.copyFrom(pixels);
            Tensor images = Tensor.of(drawn);
            for (int parts : new int[] {1, 2, 3}) {
                Map<String, float[]> alone = gradients(model, images, parts, Long.MAX_VALUE, 1);
                for (int threads = 1; threads <= 3; threads++) {
                    Map<String, float[]> small = gradients(model, images, parts, 1, threads);
                    Map<String, float[]> large = gradients(model, images, parts, Long.MAX_VALUE, threads);
                    alone.forEach((name, bits) -> {
                        assertArrayEquals(bits, small.get(name), name);
                        assertArrayEquals(bits, large.get(name), name);
                    });
                }
            }
        }
    }

    @Test
    void whatFailsInAPartFailsInTheCallerAndLeavesNothing() {
        try (Workers team = Workers.of(2); Scope shared = Scope.shared()) {
            Workers.with(team, () -> assertEquals("no loss", assertThrows(IllegalStateException.class,
                    () -> new Parts(2, 1).gradients(shared, part -> {
                        throw new IllegalStateException("no loss");
                    })).getMessage()));
        }
        assertEquals("parts: expected at least 1, found 0",
                assertThrows(IllegalArgumentException.class, () -> new Parts(0, 1)).getMessage());
    }
}

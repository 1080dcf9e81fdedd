package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.WarmUp;
import tessella.engine.Workers;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;

/** One loaded model under many callers, and what deep models need. */
class SharedModelTest {
    private static VitConfig config(int depth, SoftMoeConfig moe) {
        return new VitConfig(16, 16, 1, 2, 32, depth, 64, 2, 10, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, 0, moe);
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** A model in which every parameter, also those that start at 0, is random. */
    static VisionTransformer random(VitConfig config, DType dtype) {
        VisionTransformer model = VisionTransformer.initialized(config, dtype, 1);
        for (Parameter parameter : model.parameters().all()) {
            Random random = Random.of(1, "random " + parameter.name());
            double[] values = new double[(int) parameter.shape().size()];
            Arrays.setAll(values, i -> 0.3 * random.normal(i));
            parameter.value().copyFrom(values);
        }
        return model;
    }

    private static Tensor pictures(Scope scope, int seed) {
        Random random = Random.of(seed, "pictures");
        float[] values = new float[2 * 16 * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.normal(i);
        }
        return Tensor.of(scope, Shape.of(2, 16, 16, 1), values);
    }

    private static float[] logits(VisionTransformer model, int seed) {
        try (Scope scope = Scope.open()) {
            return model.logits(pictures(scope, seed)).toFloats();
        }
    }

    @Test
    void aModelThatWarmsUpAnswersMeanwhileWithTheSameBits() throws InterruptedException {
        try (VisionTransformer model = random(config(3, new SoftMoeConfig(4, 2, 1)), DType.F32)) {
            float[] expected = logits(model, 1);
            WarmUp warmUp = model.warmUp(2);
            try {
                for (int i = 0; i < 20; i++) {
                    assertArrayEquals(expected, logits(model, 1));
                }
            } finally {
                warmUp.close();
            }
            assertTrue(warmUp.await().passes() >= 1);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> model.warmUp(0));
            assertEquals("vit: expected a batch of at least 1 to warm up with, found 0", e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void eightCallersAndManyVirtualOnesGetTheBitsOfOneAlone(int size) throws InterruptedException {
        try (VisionTransformer model = random(config(3, new SoftMoeConfig(4, 2, 1)), DType.F32); Workers team = Workers.of(size)) {
            float[][] expected = new float[8][];
            for (int i = 0; i < 8; i++) {
                expected[i] = logits(model, i);
            }
            assertTrue(!Arrays.equals(expected[0], expected[1]));
            List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 8 + 64; i++) {
                int number = i;
                callers.add((i < 8 ? Thread.ofPlatform() : Thread.ofVirtual()).start(() -> Workers.with(team, () -> {
                    try {
                        for (int again = 0; again < (number < 8 ? 8 : 1); again++) {
                            int seed = (number + again) % 8;
                            assertArrayEquals(expected[seed], logits(model, seed), "caller " + number + ", pictures " + seed);
                        }
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                })));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertEquals(List.of(), failures);
        }
    }

    /** Closing while a caller is inside the model is refused, and the caller comes to its end. */
    @Test
    void aModelInUseIsNotClosed() throws InterruptedException {
        try (VisionTransformer model = random(config(1, null), DType.F32)) {
            Parameter kernel = model.parameters().get("embedding.kernel");
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Thread reader = Thread.ofVirtual().start(() -> kernel.value().withSegment(segment -> {
                inside.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                return null;
            }));
            inside.await();
            String message = assertThrows(IllegalStateException.class, model::close).getMessage();
            assertTrue(message.contains("1 operators are using its arrays"), message);
            go.countDown();
            reader.join();
            assertEquals(20, logits(model, 1).length);
        }
    }

    private static long peak(int depth, SoftMoeConfig moe) {
        try (VisionTransformer model = random(config(depth, moe), DType.F32); Scope scope = Scope.open()) {
            Tensor pictures = pictures(scope, 1);
            long before = Memory.inUse();
            Memory.resetPeak();
            try (Scope _ = Scope.open()) {
                model.logits(pictures);
            }
            return Memory.peak() - before;
        }
    }

    @Test
    void fortyEightBlocksNeedNoMoreThanOneAndAHalfTimesWhatTwoNeed() {
        long two = peak(2, null);
        long deep = peak(48, null);
        assertTrue(deep <= 1.5 * two, "two blocks " + two + ", 48 blocks " + deep);
        long twoMixtures = peak(2, new SoftMoeConfig(4, 4, 1));
        long mixtures = peak(48, new SoftMoeConfig(4, 4, 24));
        assertTrue(mixtures <= 1.5 * twoMixtures, "two blocks " + twoMixtures + ", 48 blocks " + mixtures);
    }
}

package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.models.data.DataSplits;
import tessella.models.data.MixUp;
import tessella.models.data.ShippedData;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** A run that was stopped, saved and restored has the bits of one that was not. */
class ResumeTest {
    private static final VitConfig MODEL = new VitConfig(28, 28, 1, 7, 16, 2, 32, 2, 10, Position.SINCOS_2D, Head.GAP,
            QkNorm.LAYER_NORM, 0, new SoftMoeConfig(4, 2, 1));
    private static DataSplits data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        data = ShortRun.data();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** Collects all that a run tells, and wants to stop after some steps. */
    private static final class Log implements Trainer.Listener {
        private final List<String> lines;
        private long stopAfter = Long.MAX_VALUE;
        private long last;

        Log(List<String> lines) {
            this.lines = lines;
        }

        @Override
        public void step(Trainer.Step step) {
            lines.add(step.toString());
            last = step.step();
        }

        @Override
        public void epoch(Trainer.EpochEnd epoch) {
            lines.add(epoch.epoch() + " " + epoch.step() + " " + epoch.trainLoss() + " " + epoch.trainAccuracy() + " "
                    + epoch.validation().loss() + " " + epoch.validation().accuracy());
        }

        @Override
        public boolean wantsToStop() {
            return last >= stopAfter;
        }
    }

    private static Trainer trainer(VisionTransformer model, TrainConfig config) {
        return new Trainer(model, data, ShortRun.preprocessing(data), ShippedData.FASHION_MNIST.augmentation(), config);
    }

    private static Map<String, float[]> values(VisionTransformer model) {
        Map<String, float[]> out = new LinkedHashMap<>();
        for (Parameter parameter : model.parameters().all()) {
            out.put(parameter.name(), parameter.value().toFloats());
        }
        return out;
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }

    @ParameterizedTest
    // in the middle of an epoch of five steps, at its end, and after the last step
    @ValueSource(ints = {1, 3, 5, 10, 14, 15})
    void aRestoredRunHasTheBitsOfOneThatWasNotInterrupted(int stopAfter) throws IOException {
        requireSameBits(stopAfter, ShortRun.config(3, 2e-3, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 14, 15})
    void soHasOneInPartsWithARunningMeanAndMixedPictures(int stopAfter) throws IOException {
        requireSameBits(stopAfter, ShortRun.config(3, 2e-3, 1).inParts(2).averaged(0.9).mixing(new MixUp(0.4))
                .freezing(List.of("embedding.*")));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 14})
    void soHasOneThatLearnsByATopKLoss(int stopAfter) throws IOException {
        requireSameBits(stopAfter, ShortRun.unsmoothed(3, 2e-3, 1).by(new LossChoice.TopK(3, 0.5)));
    }

    private void requireSameBits(int stopAfter, TrainConfig config) throws IOException {
        List<String> whole = new ArrayList<>();
        Map<String, float[]> expected;
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1); Trainer trainer = trainer(model, config)) {
            assertEquals(Trainer.End.COMPLETE, trainer.run(new Log(whole)));
            trainer.finish();
            expected = values(model);
        }
        List<String> parts = new ArrayList<>();
        Path state = folder.resolve("state.safetensors");
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1); Trainer trainer = trainer(model, config)) {
            Log log = new Log(parts);
            log.stopAfter = stopAfter;
            assertEquals(stopAfter == 15 ? Trainer.End.COMPLETE : Trainer.End.STOPPED, trainer.run(log));
            assertEquals(stopAfter, trainer.step());
            trainer.save(state, Map.of("note", "kept"));
        }
        assertEquals("kept", Trainer.notes(state).get("note"));
        // another seed: all must come from the file
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 99); Trainer trainer = trainer(model, config)) {
            trainer.restore(state);
            assertEquals(Trainer.End.COMPLETE, trainer.run(new Log(parts)));
            trainer.finish();
            assertSame(expected, values(model));
        }
        assertEquals(whole, parts);
    }

    @Test
    void theSameTrainerGoesOnWhereItStopped() {
        TrainConfig config = ShortRun.config(2, 2e-3, 1);
        List<String> whole = new ArrayList<>();
        List<String> parts = new ArrayList<>();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1); Trainer trainer = trainer(model, config)) {
            trainer.run(new Log(whole));
        }
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1); Trainer trainer = trainer(model, config)) {
            Log log = new Log(parts);
            for (log.stopAfter = 1; trainer.run(log) == Trainer.End.STOPPED; log.stopAfter++) {
                assertTrue(parts.size() < 20);
            }
        }
        assertEquals(whole, parts);
    }

    @Test
    void theStateOfAnotherRunIsRefusedAndChangesNothing() throws IOException {
        Path state = folder.resolve("state.safetensors");
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1);
                Trainer trainer = trainer(model, ShortRun.config(2, 2e-3, 1))) {
            trainer.save(state, Map.of());
        }
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 2)) {
            Map<String, float[]> before = values(model);
            try (Trainer other = trainer(model, ShortRun.config(2, 1e-3, 1))) {
                String message = assertThrows(IOException.class, () -> other.restore(state)).getMessage();
                assertTrue(message.contains("trainer.config") && message.contains("learningRate=0.001")
                        && message.contains("learningRate=0.002"), message);
            }
            assertSame(before, values(model));
        }
        VitConfig wider = MODEL.withMoe(null);
        try (VisionTransformer model = VisionTransformer.initialized(wider, DType.F32, 2);
                Trainer other = trainer(model, ShortRun.config(2, 2e-3, 1))) {
            Map<String, float[]> before = values(model);
            String message = assertThrows(IOException.class, () -> other.restore(state)).getMessage();
            assertTrue(message.contains("unexpected parameter.blocks.1.moe") && message.contains("missing parameter.blocks.1.mlp"),
                    message);
            assertSame(before, values(model));
        }
        Files.write(state, new byte[] {1, 2, 3});
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 2);
                Trainer other = trainer(model, ShortRun.config(2, 2e-3, 1))) {
            assertThrows(IOException.class, () -> other.restore(state));
        }
    }
}

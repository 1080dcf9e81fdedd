package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Determinism;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.io.Safetensors;
import tessella.models.data.ShippedData;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

class CheckpointTest {
    private static final VitConfig CONFIG = new VitConfig(8, 8, 1, 4, 8, 2, 12, 2, 10, Position.LEARNED, Head.GAP,
            QkNorm.LAYER_NORM, -0.1, new SoftMoeConfig(2, 3, 1));
    private static final Preprocessing PREPROCESSING = new Preprocessing(8, 8, 1, List.of(1 / 3.0), List.of(0.7));
    private static final List<String> NAMES = IntStream.range(0, 10).mapToObj(i -> "c\"" + i + "é\n").toList();
    private static final Map<String, String> ORIGIN = Map.of("data", "digits", "seed", "7", "command", "a b");

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("checkpoint.safetensors");
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** A checkpoint in which every parameter, also those that start at 0, is random. */
    private static Checkpoint checkpoint(long seed) {
        VisionTransformer model = VisionTransformer.initialized(CONFIG, DType.F32, seed);
        for (Parameter parameter : model.parameters().all()) {
            Random random = Random.of(seed, "random " + parameter.name());
            double[] values = new double[(int) parameter.shape().size()];
            Arrays.setAll(values, i -> 0.5 * random.normal(i));
            parameter.value().copyFrom(values);
        }
        return new Checkpoint(model, PREPROCESSING, NAMES, ORIGIN);
    }

    @Test
    void parametersAreSavedAsTheyAreUnlessAStorageIsAskedFor() throws IOException {
        Path file = folder.resolve("types.safetensors");
        VisionTransformer wide = VisionTransformer.initialized(VitConfig.preset("vit-tiny").forImages(8, 8, 1, 4, 2), DType.F64, 1);
        try (Checkpoint saved = new Checkpoint(wide, Preprocessing.symmetric(8, 8, 1), List.of("a", "b"), Map.of())) {
            for (DType storage : List.of(DType.F64, DType.F32, DType.BF16)) {
                if (storage == DType.F64) {
                    saved.save(file);
                } else {
                    saved.save(file, storage);
                }
                try (Safetensors tensors = Safetensors.open(file)) {
                    assertTrue(tensors.tensors().values().stream().allMatch(tensor -> tensor.type().name().equals(storage.name())),
                            storage.toString());
                }
            }
        }
    }

    @Test
    void allComesBackAsItWasToTheBit() throws IOException {
        try (Checkpoint saved = checkpoint(1)) {
            float[] strange = {-0.0f, Float.MIN_VALUE, -Float.MIN_NORMAL / 2, Float.MAX_VALUE, 1 + Math.ulp(1f)};
            float[] bias = saved.model().parameters().get("head.bias").value().toFloats();
            System.arraycopy(strange, 0, bias, 0, strange.length);
            saved.model().parameters().get("head.bias").value().copyFrom(bias);
            saved.save(file);
            try (Checkpoint loaded = Checkpoint.load(file)) {
                assertEquals(CONFIG, loaded.model().config());
                assertEquals(PREPROCESSING, loaded.preprocessing());
                assertEquals(NAMES, loaded.classNames());
                assertEquals(ORIGIN, loaded.origin());
                for (Parameter parameter : saved.model().parameters().all()) {
                    assertArrayEquals(bits(parameter.value()),
                            bits(loaded.model().parameters().get(parameter.name()).value()), parameter.name());
                }
                Path again = folder.resolve("again.safetensors");
                loaded.save(again);
                assertEquals(-1, Files.mismatch(file, again));
            }
        }
        assertEquals(CONFIG, Checkpoint.config(file));
    }

    private static int[] bits(NdArray array) {
        float[] values = array.toFloats();
        return IntStream.range(0, values.length).map(i -> Float.floatToRawIntBits(values[i])).toArray();
    }

    @Test
    @Tag("widths")
    void theLoadedModelSaysTheVerySame() throws IOException {
        ImageSet pictures = ShippedData.DIGITS.load(ShippedData.defaultRoot()).test().first(50);
        Evaluation before;
        try (Checkpoint saved = checkpoint(2)) {
            before = Evaluation.of(saved.model(), pictures, PREPROCESSING, 50);
            saved.save(file);
        }
        try (Checkpoint loaded = Checkpoint.load(file)) {
            for (int batch : new int[] {1, 7, 50, 64}) {
                Evaluation after = Evaluation.of(loaded.model(), pictures, loaded.preprocessing(), batch);
                assertArrayEquals(before.probabilities(), after.probabilities(), "batch " + batch);
                assertArrayEquals(before.predictions(), after.predictions());
                assertEquals(before.accuracy(), after.accuracy());
                assertEquals(before.loss(), after.loss());
            }
        }
        assertTrue(Arrays.stream(before.predictions()).distinct().count() > 1, "a model that tells pictures apart");
    }

    @Test
    void saysInWhichDomainItsBitsCanBeRepeated() throws IOException {
        try (Checkpoint saved = checkpoint(1)) {
            saved.save(file);
        }
        try (Safetensors stored = Safetensors.open(file)) {
            assertEquals(Determinism.domain(), stored.metadata().get("tessella.determinism"));
            assertEquals("digits", stored.metadata().get("tessella.origin.data"));
        }
    }

    /** The lines that loading the file logs. */
    private List<String> logged() throws IOException {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getLevel() + " " + line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(Checkpoint.class.getName());
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        try (Checkpoint loaded = Checkpoint.load(file)) {
            assertEquals(CONFIG, loaded.model().config());
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        return lines;
    }

    @Test
    void loadingOutsideItsDomainSaysSoAndInsideNothing() throws IOException {
        rewrite((tensors, scope) -> { }, metadata -> { });
        assertEquals(List.of(), logged());
        rewrite((tensors, scope) -> { }, metadata -> metadata.put("tessella.determinism", "vector 64 bits, gemm kc 3"));
        assertEquals(List.of("WARNING " + file + ": expected the domain of determinism \"" + Determinism.domain()
                + "\" of this process, found \"vector 64 bits, gemm kc 3\"; results are as good, but their last bits may "
                + "differ from those of the run that wrote it"), logged());
        rewrite((tensors, scope) -> { }, metadata -> metadata.remove("tessella.determinism"));
        assertEquals(1, logged().size());
        assertTrue(logged().getFirst().contains("of this process, found none;"), logged().toString());
    }

    @Test
    void everyTensorThatDoesNotFitIsToldAtOnce() throws IOException {
        rewrite((tensors, scope) -> {
            tensors.remove("norm.scale");
            tensors.remove("blocks.1.moe.router.phi");
            tensors.put("blocks.0.mlp.in.kernel", NdArray.zeros(scope, DType.F32, Shape.of(12, 8)));
            tensors.put("head.bias", NdArray.zeros(scope, DType.F32, Shape.of(1, 10)));
            tensors.put("ema.norm.scale", NdArray.zeros(scope, DType.F32, Shape.of(8)));
        }, metadata -> { });
        assertEquals(file + ": its tensors do not fit this model: blocks.0.mlp.in.kernel expected [8, 12] found [12, 8]; "
                + "missing blocks.1.moe.router.phi [8, 2, 3]; missing norm.scale [8]; head.bias expected [10] found [1, 10]; "
                + "unexpected ema.norm.scale [8]", refused());
    }

    @Test
    void otherElementTypesAreRefused() throws IOException {
        rewrite((tensors, scope) -> tensors.put("norm.scale", NdArray.zeros(scope, DType.F64, Shape.of(8))),
                metadata -> { });
        assertEquals(file + ": tensor norm.scale: expected float32 [8], found F64 [8]", refused());
    }

    @Test
    void aFileOfTensorsThatIsNoCheckpointIsRefusedInASentence() throws IOException {
        rewrite((tensors, scope) -> { }, Map::clear);
        assertEquals(file + ": expected a checkpoint of this library with tessella.config in its metadata, found []; "
                + "train one with: tessella train", refused());
        for (String key : List.of("tessella.config", "tessella.classes", "tessella.preprocessing")) {
            rewrite((tensors, scope) -> { }, metadata -> metadata.remove(key));
            assertTrue(refused().startsWith(file + ": expected a checkpoint of this library with " + key), refused());
            rewrite((tensors, scope) -> { }, metadata -> metadata.put(key, "{\"height\": "));
            assertSentence(refused());
            rewrite((tensors, scope) -> { }, metadata -> metadata.put(key, "17"));
            assertSentence(refused());
        }
        rewrite((tensors, scope) -> { }, metadata -> metadata.put("tessella.config",
                metadata.get("tessella.config").replace("\"heads\":2", "\"heads\":3")));
        assertEquals(file + ": vit: expected a width that 3 heads divide, found 8", refused());
    }

    @Test
    void partsThatDoNotAgreeAreRefused() throws IOException {
        rewrite((tensors, scope) -> { }, metadata -> metadata.put("tessella.classes", "[\"one\"]"));
        assertEquals(file + ": checkpoint: expected 10 class names, found [one]", refused());
        rewrite((tensors, scope) -> { }, metadata -> metadata.put("tessella.preprocessing",
                metadata.get("tessella.preprocessing").replace("\"height\":8", "\"height\":9")));
        assertTrue(refused().startsWith(file + ": checkpoint: expected a preprocessing to 8 x 8 x 1, found "), refused());
    }

    @Test
    void noMemoryIsTakenForAModelThatTheTensorsAreNotOf() throws IOException {
        rewrite((tensors, scope) -> { }, metadata -> metadata.put("tessella.config",
                metadata.get("tessella.config").replace("\"mlp\":12", "\"mlp\":2000000000")));
        Memory.resetPeak();
        assertTrue(refused().startsWith(file + ": its tensors do not fit this model: blocks.0.mlp.in.kernel expected "
                + "[8, 2000000000] found [8, 12]; "), refused());
        assertEquals(0, Memory.peak());
    }

    @Test
    void otherFilesAreRefusedInASentence() throws IOException {
        assertEquals(file + ": expected a safetensors file, found nothing of this name", refused());
        Files.writeString(file, "");
        assertSentence(refused());
        Files.writeString(file, "PNG, or some other file of more than eight bytes");
        assertSentence(refused());
        Files.delete(file);
        Files.createDirectory(file);
        assertSentence(refused());
    }

    @Test
    void aFileThatWasCutShortIsRefusedInASentence() throws IOException {
        try (Checkpoint saved = checkpoint(1)) {
            saved.save(file);
        }
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {1, 7, 8, 9, 100, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertSentence(refused());
        }
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        assertSentence(refused());
    }

    @Test
    void whoReadsTheOldFileGoesOnReadingItAndNothingElseStays() throws IOException {
        try (Checkpoint first = checkpoint(1); Checkpoint second = checkpoint(2); Scope scope = Scope.open()) {
            first.save(file);
            try (Safetensors reader = Safetensors.open(file)) {
                second.save(file);
                assertArrayEquals(bits(first.model().parameters().get("norm.scale").value()),
                        bits(reader.load(scope, "norm.scale")));
            }
            try (Safetensors reader = Safetensors.open(file)) {
                assertArrayEquals(bits(second.model().parameters().get("norm.scale").value()),
                        bits(reader.load(scope, "norm.scale")));
            }
        }
        assertOnlyTheFile();
    }

    @Test
    void aSaveThatFailsLeavesTheOldFile() throws IOException {
        Checkpoint checkpoint = checkpoint(1);
        checkpoint.save(file);
        byte[] before = Files.readAllBytes(file);
        checkpoint.close();
        assertThrows(IllegalStateException.class, () -> checkpoint.save(file), "its memory is gone");
        assertArrayEquals(before, Files.readAllBytes(file));
        assertOnlyTheFile();
    }

    @Test
    void aFolderThatIsNotThereIsTold() {
        try (Checkpoint checkpoint = checkpoint(1)) {
            String message = assertThrows(IOException.class, () -> checkpoint.save(folder.resolve("no/where"))).getMessage();
            assertTrue(message.contains("expected an existing directory"), message);
        }
    }

    @Test
    void namesAndPreprocessingMustFitTheModel() {
        try (VisionTransformer model = VisionTransformer.initialized(CONFIG, DType.F32, 1)) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> new Checkpoint(model, PREPROCESSING,
                    NAMES.subList(0, 9), Map.of())).getMessage().startsWith("checkpoint: expected 10 class names"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> new Checkpoint(model,
                    Preprocessing.symmetric(8, 8, 3), NAMES, Map.of())).getMessage()
                    .startsWith("checkpoint: expected a preprocessing to 8 x 8 x 1"));
        }
    }

    private interface Tensors {
        void change(Map<String, NdArray> tensors, Scope scope);
    }

    private interface Metadata {
        void change(Map<String, String> metadata);
    }

    /** A good checkpoint, changed. */
    private void rewrite(Tensors tensors, Metadata metadata) throws IOException {
        Files.deleteIfExists(file);
        try (Checkpoint saved = checkpoint(1)) {
            saved.save(file);
        }
        try (Scope scope = Scope.open(); Safetensors stored = Safetensors.open(file)) {
            Map<String, NdArray> arrays = new LinkedHashMap<>(stored.loadAll(scope));
            Map<String, String> texts = new LinkedHashMap<>(stored.metadata());
            tensors.change(arrays, scope);
            metadata.change(texts);
            Safetensors.write(file, arrays, texts);
        }
    }

    private String refused() {
        String message = assertThrows(IOException.class, () -> Checkpoint.load(file)).getMessage();
        assertEquals(0, Memory.inUse(), message);
        return message;
    }

    private void assertSentence(String message) {
        assertTrue(message.startsWith(file + ": ") && message.contains("expected") && message.contains("found")
                && !message.contains("\n"), message);
    }

    private void assertOnlyTheFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }
}

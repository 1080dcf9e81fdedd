package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model trained with the sealed JAR, and what its users do with it: each time in a Java of its own. */
class SealedRunTest {

    private static final Path JAR = Path.of(System.getProperty("tessella.jar"));
    private static final List<String> MODULE = List.of("-p", JAR.toString(), "-m", "tessella");
    private static final List<String> DATA = List.of("--data", "digits", "--data-root",
            Path.of(System.getProperty("tessella.home"), "models", "data").toAbsolutePath().toString());

    @TempDir
    private static Path folder;

    private static Path checkpoint;
    private static String accuracy;

    @TempDir
    private Path other;

    @BeforeAll
    static void trains() throws Exception {
        Child child = java(folder, MODULE, train(), List.of("--out", "run"));
        assertEquals(0, child.exit(), child.err());
        assertEquals("", child.errors());
        List<String> lines = child.out().lines().toList();
        accuracy = lines.get(lines.size() - 3);
        assertTrue(accuracy.matches("test accuracy [01]\\.\\d{4}"), child.out());
        assertEquals(List.of("checkpoint " + Path.of("run", "checkpoint.safetensors"),
                "report " + Path.of("run", "report.html")), lines.subList(lines.size() - 2, lines.size()));
        checkpoint = folder.resolve("run").resolve("checkpoint.safetensors");
    }

    private static List<String> train() {
        return Stream.concat(Stream.of("train", "--epochs", "2", "--limit", "320"), DATA.stream()).toList();
    }

    @Test
    void evalPrintsTheVerySameNumber() throws Exception {
        Child child = java(folder, MODULE, List.of("eval"), DATA, List.of(checkpoint.toString()));
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().endsWith("\n" + accuracy + "\n"), child.out());
        assertEquals("", child.errors());
    }

    /** By nothing but an option of the JVM, as its users would. */
    @Test
    void aFlightRecordingHasTheOperators() throws Exception {
        Path file = other.resolve("run.jfr");
        Child child = java(other, List.of("-XX:StartFlightRecording=filename=" + file), MODULE, List.of("eval"), DATA,
                List.of(checkpoint.toString()));
        assertEquals(0, child.exit(), child.err());
        List<RecordedEvent> attention = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("tessella.Operator")
                        && event.getString("operator").equals("attention")).toList();
        assertFalse(attention.isEmpty());
        assertTrue(attention.getFirst().getLong("flops") > 0 && attention.getFirst().getLong("bytes") > 0, attention.getFirst().toString());
    }

    /** The compiler is told to leave a family alone, as it leaves of its own accord what it fails to compile. */
    @Test
    void checkNamesTheKernelsThatTheCompilerLeaves() throws Exception {
        Child child = java(other, List.of("-XX:CompileCommand=quiet", "-XX:CompileCommand=exclude,tessella.kernels.FloatNorms::*"),
                MODULE, List.of("check", "--seconds", "6"));
        assertEquals(1, child.exit(), child.out() + child.err());
        for (String kernel : List.of("layerNormGradient", "rmsGradient", "l2Gradient")) {
            assertTrue(child.out().lines().anyMatch(line -> line.startsWith("Norms." + kernel + " ") && line.endsWith("FELL OFF")),
                    child.out());
        }
        assertTrue(child.errors().startsWith("check: expected every kernel to reach at least 25 % of its usual share, found ")
                && child.errors().contains("Norms.rmsGradient at "), child.err());
    }

    @Test
    void theOrdinaryJarStartsAgainWithItsModulesAndGivesTheSameBytes() throws Exception {
        Child child = java(other, List.of("-jar", JAR.toString()), train(), List.of("--out", "run", "--threads", "1"));
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().contains("\n" + accuracy + "\n"), child.out());
        for (String name : List.of("checkpoint.safetensors", "metrics.jsonl")) {
            assertEquals(-1, Files.mismatch(folder.resolve("run").resolve(name), other.resolve("run").resolve(name)), name);
        }
    }

    @Test
    void predictFindsTheModuleThatReadsPictures() throws Exception {
        Path picture = other.resolve("a picture.png");
        ImageIO.write(new BufferedImage(20, 30, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        for (List<String> start : List.of(MODULE, List.of("-jar", JAR.toString()))) {
            Child child = java(other, start, List.of("predict", "--top", "2", checkpoint.toString(), picture.toString()));
            assertEquals(0, child.exit(), child.err());
            assertTrue(child.out().matches("\\Q" + picture + "\\E(\n  [01]\\.\\d{4} \\d){2}\n"), child.out());
        }
    }

    @Test
    void theRunCardNamesTheVersionOfTheModule() throws IOException {
        String version = JAR.getFileName().toString().replaceAll("tessella-|\\.jar", "");
        String card = Files.readString(folder.resolve("run").resolve("run-card.json"));
        assertTrue(card.contains("\"version\": \"" + version + "\""), card);
    }

    @Test
    void eightThreadsShareOneModelAndGetTheBitsOfOneAlone() throws Exception {
        Path classes = UserProgram.compile(JAR, other, "Threads", """
                package embedding;

                import java.nio.file.Path;
                import java.util.ArrayList;
                import java.util.Arrays;
                import java.util.List;
                import java.util.concurrent.Callable;
                import java.util.concurrent.CyclicBarrier;
                import java.util.concurrent.FutureTask;
                import tessella.autodiff.Softmax;
                import tessella.autodiff.Tensor;
                import tessella.engine.Memory;
                import tessella.engine.Random;
                import tessella.engine.Scope;
                import tessella.models.data.Picture;
                import tessella.models.train.Checkpoint;

                public final class Threads {
                    private static final int THREADS = 8;
                    private static final int ROUNDS = 5;

                    public static void main(String[] arguments) throws Exception {
                        try (Checkpoint model = Checkpoint.load(Path.of(arguments[0]))) {
                            List<float[]> alone = new ArrayList<>();
                            for (int i = 0; i < THREADS; i++) {
                                alone.add(probabilities(model, i));
                            }
                            CyclicBarrier start = new CyclicBarrier(THREADS);
                            List<FutureTask<List<float[]>>> tasks = new ArrayList<>();
                            for (int i = 0; i < THREADS; i++) {
                                int batch = i;
                                Callable<List<float[]>> work = () -> {
                                    start.await();
                                    List<float[]> results = new ArrayList<>();
                                    for (int round = 0; round < ROUNDS; round++) {
                                        results.add(probabilities(model, batch));
                                    }
                                    return results;
                                };
                                tasks.add(new FutureTask<>(work));
                                if (i % 2 == 0) {
                                    Thread.startVirtualThread(tasks.get(i));
                                } else {
                                    new Thread(tasks.get(i)).start();
                                }
                            }
                            int equal = 0;
                            for (int i = 0; i < THREADS; i++) {
                                for (float[] result : tasks.get(i).get()) {
                                    equal += Arrays.equals(alone.get(i), result) ? 1 : 0;
                                }
                            }
                            System.out.println(equal + " of " + THREADS * ROUNDS + " equal");
                        }
                        System.out.println("left: " + Memory.inUse() + " bytes");
                    }

                    /** A batch of its own size and content for each thread. */
                    private static float[] probabilities(Checkpoint model, int batch) {
                        List<Picture> pictures = new ArrayList<>();
                        for (int i = 0; i < 20 + 5 * batch; i++) {
                            byte[] pixels = new byte[64];
                            for (int j = 0; j < pixels.length; j++) {
                                pixels[j] = (byte) Random.of(batch, "pictures").below(256, 64 * i + j);
                            }
                            pictures.add(Picture.of(8, 8, 1, pixels));
                        }
                        try (Scope scope = Scope.open()) {
                            Tensor logits = model.model().logits(model.batch(scope, pictures));
                            return Softmax.softmax(logits, 1).toFloats();
                        }
                    }
                }
                """);
        Child child = java(other, List.of("-p", JAR + ":" + classes, "-m", "embedding/embedding.Threads",
                checkpoint.toString()));
        assertEquals(0, child.exit(), child.err());
        assertEquals("40 of 40 equal\nleft: 0 bytes\n", child.out());
        assertEquals("", child.errors());
    }

    @SafeVarargs
    private static Child java(Path where, List<String>... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Child.java()));
        for (List<String> part : words) {
            command.addAll(part);
        }
        return Child.run(where, Map.of(), command);
    }
}

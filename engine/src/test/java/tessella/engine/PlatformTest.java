package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A JVM that kernels cannot run in is refused with one sentence. */
class PlatformTest {
    /** What an embedding program does first. */
    static final class Program {
        public static void main(String[] arguments) {
            try (Scope _ = Scope.open()) {
                System.out.println("open");
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String output(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        return out;
    }

    @Test
    void aJvmWithTheModuleAndFmaIsTaken() throws Exception {
        assertEquals("open", output("--add-modules", "jdk.incubator.vector").strip());
    }

    @Test
    void withoutTheVectorModuleTheSentenceNamesTheFlag() throws Exception {
        assertTrue(output().contains("--add-modules jdk.incubator.vector"));
    }

    @Test
    void withoutFmaTheSentenceSaysSo() throws Exception {
        assertTrue(output("--add-modules", "jdk.incubator.vector", "-XX:-UseFMA").contains("no hardware FMA"));
    }
}

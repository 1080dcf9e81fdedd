package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RelaunchTest {
    /** A program that needs the vector module and ends with the code 7 once it has it. */
    static final class Probe {
        public static void main(String[] args) {
            OptionalInt child = Relaunch.withModules(List.of("jdk.incubator.vector"), Probe.class, args, System.err);
            if (child.isPresent()) {
                System.out.println("parent");
                System.exit(child.getAsInt());
            }
            System.out.println("child " + String.join("|", args) + " " + System.getProperty("probe"));
            System.exit(7);
        }
    }

    @Test
    void startsJavaAgainWithTheModuleAndPassesArgumentsOptionsAndExitCode() throws Exception {
        List<String> lines = new ArrayList<>();
        assertEquals(7, java(lines, "-Dprobe=kept", "-cp", System.getProperty("java.class.path"),
                Probe.class.getName(), "a b", "--c=\"d\""));
        assertTrue(lines.contains("child a b|--c=\"d\" kept"), lines.toString());
        assertEquals("parent", lines.getLast());
    }

    @Test
    void anEmptyArgumentThatTheSystemForgetsIsPassedToo() throws Exception {
        List<String> lines = new ArrayList<>();
        assertEquals(7, java(lines, "-cp", System.getProperty("java.class.path"), Probe.class.getName(), "a", "", "b"));
        assertTrue(lines.contains("child a||b null"), lines.toString());
    }

    @Test
    void doesNothingWhenTheModuleIsThere() throws Exception {
        List<String> lines = new ArrayList<>();
        assertEquals(7, java(lines, "--add-modules", "jdk.incubator.vector", "-cp",
                System.getProperty("java.class.path"), Probe.class.getName(), "x"));
        assertTrue(lines.contains("child x null"), lines.toString());
        assertTrue(!lines.contains("parent"), lines.toString());
    }

    @Test
    void saysWhatIsMissingInsteadOfStartingForEver() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setProperty("tessella.relaunched", "true");
        try {
            assertEquals(OptionalInt.of(1), Relaunch.withModules(List.of("no.such.module"), Probe.class,
                    new String[0], new PrintStream(err, true, StandardCharsets.UTF_8)));
        } finally {
            System.clearProperty("tessella.relaunched");
        }
        assertEquals("tessella: this Java has no module no.such.module: install a complete JDK 25\n",
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void trustsTheSystemsArgumentsOnlyIfTheyEndInOurs() {
        String[] own = {"train", "--seed=1"};
        assertEquals(Optional.of(List.of("-Xmx1g", "-jar", "x.jar", "train", "--seed=1")), Relaunch.arguments(
                Optional.of(new String[] {"-Xmx1g", "-jar", "x.jar", "train", "--seed=1"}), own));
        assertEquals(Optional.empty(),
                Relaunch.arguments(Optional.of(new String[] {"-jar", "host.jar", "serve"}), own));
        assertEquals(Optional.empty(), Relaunch.arguments(Optional.of(own), own));
        assertEquals(Optional.empty(), Relaunch.arguments(Optional.empty(), own));
    }

    @Test
    void rebuildsTheCommandOtherwise() {
        List<String> rebuilt = Relaunch.rebuilt(Probe.class, new String[] {"train"});
        assertEquals(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName(), "train"),
                rebuilt.subList(rebuilt.size() - 4, rebuilt.size()));
    }

    private static int java(List<String> lines, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.inputReader(StandardCharsets.UTF_8).lines().forEach(lines::add);
        return process.waitFor();
    }
}

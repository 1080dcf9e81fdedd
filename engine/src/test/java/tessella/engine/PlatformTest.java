package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** A JVM that kernels cannot run in is refused with one sentence. */
class PlatformTest {
    /** What an embedding program does first. */
    static final class Program {
        public static void main(String[] arguments) {
            try (Scope _ = Scope.open()) {
                System.out.println("open, " + Workers.current().size() + " threads, budget " + Memory.budget());
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String output(String... options) throws Exception {
        return Fork.output(Program.class, options);
    }

    @Test
    void aJvmWithTheModuleAndFmaIsTaken() throws Exception {
        assertTrue(output(Fork.VECTORS).startsWith("open, "));
    }

    @Test
    void withoutTheVectorModuleTheSentenceNamesTheFlag() throws Exception {
        assertTrue(output().contains("--add-modules jdk.incubator.vector"));
    }

    @Test
    void withoutFmaTheSentenceSaysSo() throws Exception {
        assertTrue(output(Fork.VECTORS, "-XX:-UseFMA").contains("no hardware FMA"));
    }

    @Test
    void settingsThatAreNoNumbersInTheirRangeAreRefused() throws Exception {
        for (String threads : new String[] {"0", "-1", "two", "4097"}) {
            assertEquals("tessella: expected -Dtessella.threads to be a whole number from 1 to 4096, found \"" + threads
                    + "\"; correct it, or leave it out", output(Fork.VECTORS, "-Dtessella.threads=" + threads));
        }
        assertEquals("tessella: expected -Dtessella.memory.budget to be a whole number from 1 to " + Long.MAX_VALUE
                + ", found \"8g\"; correct it, or leave it out", output(Fork.VECTORS, "-Dtessella.memory.budget=8g"));
        assertEquals("open, 5 threads, budget 12345678",
                output(Fork.VECTORS, "-Dtessella.memory.budget=12345678", "-Dtessella.threads=5"));
    }
}

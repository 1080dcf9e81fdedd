package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.spi.ToolProvider;

/** Compiles what a user might write, warnings as errors, against the JAR and nothing else. */
final class UserProgram {
    private UserProgram() {
    }

    /** Compiles the class {@code embedding.<name>} of a module {@code embedding}; gives the folder of its classes. */
    static Path compile(Path jar, Path folder, String name, String source) throws IOException {
        Path module = Files.writeString(folder.resolve("module-info.java"), """
                module embedding {
                    requires tessella;
                }
                """);
        Path program = Files.writeString(folder.resolve(name + ".java"), source);
        Path classes = folder.resolve("classes");
        Path nothing = Files.createDirectory(folder.resolve("nothing")); // else: the class path of this test
        StringWriter out = new StringWriter();
        int exit = ToolProvider.findFirst("javac").orElseThrow().run(new PrintWriter(out), new PrintWriter(out),
                "--release", "25", "-Xlint:all", "-Werror", "--module-path", jar.toString(),
                "--class-path", nothing.toString(), "-d", classes.toString(), module.toString(), program.toString());
        assertEquals(0, exit, out.toString());
        return classes;
    }
}

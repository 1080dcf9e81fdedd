package tessella.tests.sealed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a child process left: its exit code, and all that it wrote to either stream. */
record Child(int exit, String out, String err) {

    /** The JDK's own line about the Vector API; no option of the JVM turns it off. */
    private static final String INCUBATOR = "WARNING: Using incubator modules: jdk.incubator.vector\n";

    /** Runs a command in a folder, with no environment but the given one, and waits at most two minutes for its end. */
    static Child run(Path folder, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("child", ".out");
        Path err = Files.createTempFile("child", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("still running after two minutes: " + command);
            }
            return new Child(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /** The {@code java} that runs this test. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** The standard error without the JDK's line about the incubating module. */
    String errors() {
        return err.replace(INCUBATOR, "");
    }
}

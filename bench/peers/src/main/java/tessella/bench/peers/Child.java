package tessella.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that answers lines, as {@link Answers} has it; while nobody asks, it waits. */
final class Child implements AutoCloseable {
    private final String name;
    private final Process process;
    private final Writer out;
    private final BufferedReader in;
    private final String greeting;
    /** Work and threads that are prepared, or nothing. */
    private String prepared = "";

    /** What a child could not do. */
    static final class FailedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        private FailedException(String message) {
            super(message);
        }
    }

    /** A child that is no more. */
    static final class DiedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        private DiedException(String message) {
            super(message);
        }
    }

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        out = process.outputWriter(StandardCharsets.UTF_8);
        in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        greeting = answer();
    }

    /** The process of a library. */
    static Child peer(String name, int threads) {
        return start(name, threads, Serve.class, List.of(name));
    }

    /** The process that measures the machine. */
    static Child ceiling(int threads) {
        return start(Peers.OURS, threads, Ceiling.class, List.of());
    }

    private static Child start(String library, int threads, Class<?> main, List<String> arguments) {
        // as the script tessella starts Java
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.getRuntime().availableProcessors() == 2) {
            command.add("-XX:CICompilerCount=3");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        environment(builder.environment(), library, threads);
        try {
            return new Child(library, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void environment(Map<String, String> environment, String library, int threads) {
        // a core that is named by hand, or another size of L2, makes OpenBLAS slower
        List.of("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH").forEach(environment::remove);
        List.of("MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS").forEach(variable ->
                environment.put(variable, Integer.toString(threads)));
        environment.put("MKL_THREADING_LAYER", "INTEL");
        Peers.libraryPath(library).ifPresent(path -> environment.put("LD_LIBRARY_PATH", path.toString()));
        // pages of 2 MB, which our launcher asks for, help all of them
        environment.put("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    }

    /** Name and version of the library. */
    String greeting() {
        return greeting;
    }

    /** Prepares work, unless it is what the child has prepared; whether its library has something for it. */
    boolean prepare(Work work, int threads) {
        String asked = work.name() + " " + threads;
        if (!asked.equals(prepared)) {
            prepared = "";
            if (ask("prepare", asked).equals("ready")) {
                prepared = asked;
            }
        }
        return asked.equals(prepared);
    }

    /** Lets go what was prepared. */
    void release() {
        prepared = "";
        ask("release");
    }

    /**
     * Asks, and waits for the answer.
     *
     * @throws FailedException if the child could not do it
     * @throws DiedException if it has died
     */
    String ask(Object... words) {
        try {
            out.write(String.join(" ", List.of(words).stream().map(Object::toString).toList()) + "\n");
            out.flush();
        } catch (IOException e) {
            throw died();
        }
        return answer();
    }

    private String answer() {
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith(Answers.MARK + Answers.FAILED)) {
                    throw new FailedException(line.substring(Answers.MARK.length() + Answers.FAILED.length()));
                } else if (line.startsWith(Answers.MARK)) {
                    return line.substring(Answers.MARK.length());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw died();
    }

    private DiedException died() {
        process.destroyForcibly();
        return new DiedException("the process of " + name + " has died; what it wrote to standard error tells why");
    }

    /** Ends the process. */
    @Override
    public void close() {
        try {
            if (process.isAlive()) {
                out.write(Answers.END + "\n");
                out.close();
            }
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

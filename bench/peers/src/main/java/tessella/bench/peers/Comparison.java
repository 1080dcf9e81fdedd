package tessella.bench.peers;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Compares libraries: each in a process of its own, all alive, one of them at work. The two times of a ratio were measured in one
 * round, a few seconds apart.
 */
final class Comparison implements AutoCloseable {
    /** Seconds of each measurement of the machine. */
    private static final double CEILING_SECONDS = 0.05;
    /** Bytes that no cache holds. */
    private static final long MANY_BYTES = 1L << 28;
    /** Idle threads of Intel's OpenMP spin for 200 milliseconds, and would take a core from the next library. */
    private static final Duration CALM = Duration.ofMillis(250);
    /** Operations a byte below which memory may be the limit. */
    private static final double INTENSE = 20;

    private final Options options;
    private final PrintStream progress;
    private final int mostThreads;
    private final Map<String, Child> children = new LinkedHashMap<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private final Child ceiling;
    private final long start = System.nanoTime();
    private int done;

    /** Starts all processes. */
    Comparison(Options options, PrintStream progress) {
        this.options = options;
        this.progress = progress;
        mostThreads = options.threads().stream().mapToInt(Integer::intValue).max().orElseThrow();
        ceiling = Child.ceiling(mostThreads);
        try {
            start(Peers.OURS);
            options.peers().forEach(this::start);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void start(String name) {
        Child child = Child.peer(name, mostThreads);
        children.put(name, child);
        versions.put(name, child.greeting());
    }

    private void startAnew(String name) {
        children.get(name).close();
        start(name);
    }

    /** Names and versions of the libraries. */
    Map<String, String> versions() {
        return versions;
    }

    /** Compares all works, and hands on each that is measured. */
    void run(Consumer<Measured> to) throws IOException {
        // compiles the loops that measure the machine
        ceiling("fma", 2, 1);
        ceiling("copy", 2, MANY_BYTES, 1);
        for (String set : options.sets()) {
            for (Work work : Works.named(set)) {
                Map<String, String> refused = new LinkedHashMap<>();
                List<String> agreeing = agreeing(work, refused);
                for (int threads : options.threads()) {
                    Measured measured = measure(set, work, threads, agreeing, refused);
                    done++;
                    tell(measured);
                    to.accept(measured);
                }
                for (String name : List.copyOf(children.keySet())) {
                    tried(name, refused, child -> {
                        child.release();
                        return true;
                    });
                }
            }
        }
    }

    private void tell(Measured measured) {
        Duration left = Duration.ofNanos((System.nanoTime() - start) / done * (options.pieces() - done));
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "[%d/%d, %d min %d s left] %s on %d:", done,
                options.pieces(), left.toMinutes(), left.toSecondsPart(), measured.work().name(), measured.threads()));
        if (measured.isTimed()) {
            line.append(String.format(Locale.ROOT, " %.0f %% of the ceiling", 100 * measured.share()));
        }
        measured.peers().forEach(peer -> line.append(String.format(Locale.ROOT, ", %s %.3f", peer, measured.ratio(peer).median())));
        measured.refused().forEach((peer, why) -> line.append(", ").append(peer).append(": ").append(why));
        progress.println(line);
    }

    /** Those libraries that have something for the work, and compute what ours does; ours is the first. */
    private List<String> agreeing(Work work, Map<String, String> refused) throws IOException {
        Work compared = Agreement.compared(work);
        List<String> ready = new ArrayList<>();
        for (String name : List.copyOf(children.keySet())) {
            if (tried(name, refused, child -> child.prepare(compared, options.threads().getFirst()))) {
                ready.add(name);
            } else if (name.equals(Peers.OURS)) {
                return List.of();
            }
        }
        if (ready.size() == 1) {
            return ready;
        }
        Path folder = Files.createTempDirectory("tessella-peers");
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        try {
            if (!tried(Peers.OURS, refused, child -> !child.ask("result", ours).isEmpty())) {
                return List.of();
            }
            for (String name : ready.subList(1, ready.size()).toArray(String[]::new)) {
                if (!tried(name, refused, child -> !child.ask("result", theirs).isEmpty())
                        || !agrees(name, compared, ours, theirs, refused)) {
                    ready.remove(name);
                }
            }
            return ready;
        } finally {
            Files.deleteIfExists(ours);
            Files.deleteIfExists(theirs);
            Files.delete(folder);
        }
    }

    /** Whether two files hold the same result; if not, it is noted. */
    static boolean agrees(String name, Work compared, Path ours, Path theirs, Map<String, String> refused)
            throws IOException {
        FloatBuffer a = Agreement.read(ours);
        FloatBuffer b = Agreement.read(theirs);
        double difference = Agreement.difference(Agreement.arrays(compared), a, b);
        if (difference <= Agreement.tolerance(compared)) {
            return true;
        }
        refused.put(name, String.format(Locale.ROOT, "its result differs by %.1e of the largest number (%d numbers, ours %d)",
                difference, b.capacity(), a.capacity()));
        return false;
    }

    /** Whether a child did something; if it failed, that is noted, and if it died, another one takes its place. */
    private boolean tried(String name, Map<String, String> refused, Predicate<Child> task) {
        try {
            return task.test(children.get(name));
        } catch (Child.FailedException e) {
            refused.put(name, e.getMessage());
        } catch (Child.DiedException e) {
            refused.put(name, e.getMessage());
            start(name);
        }
        return false;
    }

    private Measured measure(String set, Work work, int threads, List<String> agreeing, Map<String, String> refused) {
        List<String> names = new ArrayList<>(agreeing);
        boolean memory = work instanceof Work.Step;
        if (memory) {
            // of what another work or the comparison of results took, the system's allocator keeps some for good
            names.forEach(this::startAnew);
        }
        names.removeIf(name -> !tried(name, refused, child -> child.prepare(work, threads)
                && time(child, options.warmup(), threads) > 0));
        if (memory) {
            // what it took to prepare is left out
            peaks(names);
        }
        Rounds rounds = Rounds.run(options.rounds(), threads, number -> round(work, threads, names, number, refused));
        boolean timed = names.remove(Peers.OURS);
        Map<String, Long> peakBytes = new LinkedHashMap<>();
        if (timed && memory) {
            peakBytes.putAll(peaks(List.of(Peers.OURS)));
            peakBytes.putAll(peaks(names));
        }
        return new Measured(set, work, threads, rounds, timed ? names : List.of(), copy(refused), peakBytes);
    }

    private static Map<String, String> copy(Map<String, String> refused) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(refused));
    }

    /**
     * Measures the machine, then times every library, another one first in each round. Those that fail are named no longer; null if
     * ours is among them.
     */
    private Round round(Work work, int threads, List<String> names, int number, Map<String, String> refused) {
        if (!names.contains(Peers.OURS)) {
            return null;
        }
        double one = ceiling("fma", 1, CEILING_SECONDS);
        double team = ceiling("fma", Math.max(2, threads), CEILING_SECONDS);
        double copy = work.flop() < INTENSE * work.bytes()
                ? ceiling("copy", threads, Math.min((long) work.bytes(), MANY_BYTES), CEILING_SECONDS) : 0;
        Map<String, Long> nanos = new LinkedHashMap<>();
        List<String> order = new ArrayList<>(names);
        Collections.rotate(order, -number);
        for (String name : order) {
            if (!tried(name, refused, child -> nanos.put(name, time(child, options.seconds(), threads)) == null)) {
                names.remove(name);
            }
        }
        return names.contains(Peers.OURS) ? new Round(one, team, copy, nanos) : null;
    }

    private double ceiling(Object... words) {
        return Double.parseDouble(ceiling.ask(words));
    }

    private static long time(Child child, double seconds, int threads) {
        long nanos = Long.parseLong(child.ask("time", seconds).split(" ")[0]);
        if (threads > 1) {
            try {
                Thread.sleep(CALM);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return nanos;
    }

    private Map<String, Long> peaks(List<String> names) {
        Map<String, Long> peaks = new LinkedHashMap<>();
        names.forEach(name -> peaks.put(name, Long.parseLong(children.get(name).ask("memory"))));
        return peaks;
    }

    /** Ends all processes. */
    @Override
    public void close() {
        children.values().forEach(Child::close);
        ceiling.close();
    }
}

package tessella.bench.peers;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Compares libraries: each in a process of its own, all alive, one of them at work. What a ratio is made of was measured in one
 * round, a few seconds apart.
 */
final class Comparison implements AutoCloseable {
    /** Seconds of each measurement of the machine. */
    private static final double CEILING_SECONDS = 0.05;
    /** Tries to find rounds in which the machine has a core for each thread, for each round that is wanted. */
    private static final int TRIES = 3;
    /** Idle threads of Intel's OpenMP spin for 200 milliseconds, and would take a core from the next library. */
    private static final Duration CALM = Duration.ofMillis(250);
    /** Operations a byte below which memory, not arithmetic, is the limit. */
    private static final double INTENSE = 20;

    private final Options options;
    private final PrintStream progress;
    private final Map<String, Child> children = new LinkedHashMap<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private final Child ceiling;
    private final long start = System.nanoTime();
    private int done;

    /** Starts all processes. */
    Comparison(Options options, PrintStream progress) {
        this.options = options;
        this.progress = progress;
        int threads = options.threads().stream().mapToInt(Integer::intValue).max().orElseThrow();
        ceiling = Child.ceiling(threads);
        try {
            start(Peers.OURS, threads);
            options.peers().forEach(peer -> start(peer, threads));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void start(String name, int threads) {
        Child child = Child.peer(name, threads);
        children.put(name, child);
        versions.put(name, child.greeting());
    }

    /** Names and versions of the libraries. */
    Map<String, String> versions() {
        return versions;
    }

    /** Compares all works, and hands on each that is measured. */
    void run(Consumer<Measured> to) throws IOException {
        // compiles the loops that measure the machine
        ceiling.ask("fma", 2, 1);
        for (String set : options.sets()) {
            for (Work work : Works.named(set)) {
                Map<String, String> refused = new LinkedHashMap<>();
                List<String> agreeing = agreeing(work, refused);
                for (int threads : options.threads()) {
                    Measured measured = agreeing.contains(Peers.OURS) ? measure(set, work, threads, agreeing, refused)
                            : new Measured(set, work, threads, List.of(), 0, true, List.of(), refused, Map.of());
                    done++;
                    tell(measured);
                    to.accept(measured);
                }
                children.values().forEach(child -> child.ask("release"));
            }
        }
    }

    private void tell(Measured measured) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "[%d/%d, %s left] %s, %d threads:", done, options.pieces(),
                left(), measured.work().name(), measured.threads()));
        if (measured.isTimed()) {
            line.append(String.format(Locale.ROOT, " %.0f %% of the ceiling", 100 * measured.share()));
        }
        measured.peers().forEach(peer -> line.append(String.format(Locale.ROOT, ", %s %.3f", peer, measured.ratio(peer).median())));
        measured.refused().forEach((peer, why) -> line.append(", ").append(peer).append(": ").append(why));
        progress.println(line);
    }

    private String left() {
        Duration left = Duration.ofNanos((System.nanoTime() - start) / done * (options.pieces() - done));
        return left.toMinutes() + " min " + left.toSecondsPart() + " s";
    }

    /** Prepares the work in every library; those that compute what ours does. */
    private List<String> agreeing(Work work, Map<String, String> refused) throws IOException {
        List<String> agreeing = new ArrayList<>();
        Work compared = Agreement.compared(work);
        Path folder = Files.createTempDirectory("tessella-peers");
        try {
            Path ours = folder.resolve("ours");
            Path theirs = folder.resolve("theirs");
            for (String name : children.keySet()) {
                Path file = name.equals(Peers.OURS) ? ours : theirs;
                if (!tried(name, refused, child -> prepare(child, compared, options.threads().getFirst())
                        && child.ask("result", file) != null)) {
                    if (name.equals(Peers.OURS)) {
                        break;
                    }
                } else if (name.equals(Peers.OURS) || agrees(name, compared, ours, theirs, refused)) {
                    agreeing.add(name);
                }
            }
        } finally {
            for (String file : List.of("ours", "theirs")) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.delete(folder);
        }
        return agreeing;
    }

    private static boolean agrees(String name, Work compared, Path ours, Path theirs, Map<String, String> refused) throws IOException {
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

    private static boolean prepare(Child child, Work work, int threads) {
        return child.ask("prepare", work.name(), threads).equals("ready");
    }

    /** Something that a child may fail to do. */
    private interface Task {
        boolean on(Child child);
    }

    private boolean tried(String name, Map<String, String> refused, Task task) {
        try {
            return task.on(children.get(name));
        } catch (Child.FailedException e) {
            refused.put(name, e.getMessage());
            return false;
        }
    }

    private Measured measure(String set, Work work, int threads, List<String> agreeing, Map<String, String> refused) {
        List<String> names = new ArrayList<>();
        for (String name : agreeing) {
            if (tried(name, refused, child -> prepare(child, work, threads) && time(child, options.warmup(), threads) > 0)) {
                names.add(name);
            }
        }
        if (!names.contains(Peers.OURS)) {
            return new Measured(set, work, threads, List.of(), 0, true, List.of(), refused, Map.of());
        }
        Map<String, Long> peakBytes = new LinkedHashMap<>();
        if (work instanceof Work.Step) {
            peaks(names);
        }
        List<Round> fit = new ArrayList<>();
        List<Round> unfit = new ArrayList<>();
        for (int i = 0; fit.size() < options.rounds() && i < TRIES * options.rounds(); i++) {
            Round round = round(work, threads, names, i);
            (round.isFit(threads) ? fit : unfit).add(round);
        }
        if (work instanceof Work.Step) {
            peakBytes.putAll(peaks(names));
        }
        boolean enough = fit.size() == options.rounds();
        int discarded = unfit.size();
        while (fit.size() < options.rounds()) {
            fit.add(unfit.removeFirst());
        }
        List<String> peers = names.stream().filter(name -> !name.equals(Peers.OURS)).toList();
        return new Measured(set, work, threads, List.copyOf(fit), discarded, enough, peers, Map.copyOf(refused), peakBytes);
    }

    /** Measures the machine, then times every library; another one is the first in each round. */
    private Round round(Work work, int threads, List<String> names, int number) {
        double one = ceiling("fma", 1, CEILING_SECONDS);
        double two = ceiling("fma", 2, CEILING_SECONDS);
        double copy = work.flop() < INTENSE * work.bytes() ? ceiling("copy", threads, (long) work.bytes(), CEILING_SECONDS) : 0;
        Map<String, Long> nanos = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get((i + number) % names.size());
            nanos.put(name, time(children.get(name), options.seconds(), threads));
        }
        return new Round(one, two, copy, nanos);
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

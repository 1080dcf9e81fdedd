package tessella.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import tessella.engine.json.Json;
import tessella.models.report.Machine;

/** What was measured, as a table for people and as JSON. */
final class Report {
    private final Options options;
    private final Map<String, String> versions;
    private final String commit;
    private final Instant date = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final List<Measured> all = new ArrayList<>();

    Report(Options options, Map<String, String> versions, String commit) {
        this.options = options;
        this.versions = versions;
        this.commit = commit;
    }

    void add(Measured measured) {
        all.add(measured);
    }

    /** A table of Markdown for each set. */
    String table() {
        StringBuilder out = new StringBuilder();
        versions.forEach((name, version) -> out.append(name).append(": ").append(version).append('\n'));
        out.append(date).append(", ").append(commit).append(", ").append(machine().cpu()).append(", ").append(machine().jdk())
                .append("\n\nRatio: time of the peer by time of ours, median of the rounds' ratios, (least to greatest).\n");
        for (String set : options.sets()) {
            out.append("\n### ").append(set).append("\n\n")
                    .append("| work | threads | ours ms | of ceiling | peer | peer ms | ratio | rounds |\n")
                    .append("|---|---|---|---|---|---|---|---|\n");
            of(set).forEach(measured -> rows(out, measured));
            for (Map<String, Object> mean : geometricMeans(set)) {
                out.append(String.format(Locale.ROOT, "| geometric mean of %s | %s | | | %s | | %.3f | |%n", mean.get("works"),
                        mean.get("threads"), mean.get("peer"), mean.get("ratio")));
            }
        }
        return out.toString();
    }

    private List<Measured> of(String set) {
        return all.stream().filter(measured -> measured.set().equals(set)).toList();
    }

    private static void rows(StringBuilder out, Measured measured) {
        String work = "| " + measured.work().name() + " | " + measured.threads() + " | ";
        if (measured.isTimed()) {
            String ours = work + String.format(Locale.ROOT, "%.4f | %.0f %%", measured.nanos(Peers.OURS) * 1e-6,
                    100 * measured.share());
            String rounds = measured.rounds().used().size()
                    + (measured.rounds().discarded() == 0 ? "" : ", " + measured.rounds().discarded() + " discarded")
                    + (measured.rounds().fit() ? "" : ", without a core for each thread") + memory(measured);
            if (measured.peers().isEmpty()) {
                out.append(ours).append(" | none | | | ").append(rounds).append(" |\n");
            }
            for (String peer : measured.peers()) {
                Spread ratio = measured.ratio(peer);
                out.append(ours).append(String.format(Locale.ROOT, " | %s | %.4f | %.3f (%.3f to %.3f) | %s |%n", peer,
                        measured.nanos(peer) * 1e-6, ratio.median(), ratio.least(), ratio.greatest(), rounds));
            }
        } else if (measured.refused().isEmpty()) {
            out.append(work).append("not offered | | | | | |\n");
        }
        measured.refused().forEach((peer, why) -> out.append(work).append("| | ").append(peer).append(" | | not timed: ").append(why)
                .append(" | |\n"));
    }

    private static String memory(Measured measured) {
        StringBuilder out = new StringBuilder();
        measured.peakBytes().forEach((name, bytes) -> out.append(String.format(Locale.ROOT, "; %s %.0f MB", name, bytes * 1e-6)));
        return out.toString();
    }

    private List<Map<String, Object>> geometricMeans(String set) {
        List<Map<String, Object>> means = new ArrayList<>();
        for (int threads : options.threads()) {
            for (String peer : options.peers()) {
                double[] ratios = of(set).stream().filter(measured -> measured.threads() == threads && measured.peers().contains(peer))
                        .mapToDouble(measured -> measured.ratio(peer).median()).toArray();
                if (ratios.length > 0) {
                    Map<String, Object> mean = new LinkedHashMap<>();
                    mean.put("threads", threads);
                    mean.put("peer", peer);
                    mean.put("ratio", Spread.geometricMean(ratios));
                    mean.put("works", ratios.length);
                    means.add(mean);
                }
            }
        }
        return means;
    }

    private static Machine machine() {
        return Machine.detect(FloatVector.SPECIES_PREFERRED.vectorBitSize());
    }

    /** Everything. */
    String json() {
        Machine machine = machine();
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("date", date.toString());
        root.put("commit", commit);
        Map<String, Object> on = new LinkedHashMap<>();
        on.put("cpu", machine.cpu());
        on.put("processors", machine.processors());
        on.put("vectorBits", machine.vectorBits());
        on.put("jdk", machine.jdk());
        on.put("system", machine.system());
        root.put("machine", on);
        root.put("rounds", options.rounds());
        root.put("seconds", options.seconds());
        root.put("warmup", options.warmup());
        root.put("versions", versions);
        root.put("sets", options.sets().stream().map(set -> {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("set", set);
            entry.put("works", of(set).stream().map(Report::json).toList());
            entry.put("geometricMeans", geometricMeans(set));
            return entry;
        }).toList());
        return Json.writeIndented(root);
    }

    private static Map<String, Object> json(Measured measured) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("work", measured.work().name());
        out.put("threads", measured.threads());
        out.put("flop", measured.work().flop());
        out.put("bytes", measured.work().bytes());
        if (measured.isTimed()) {
            out.put("nanos", measured.nanos(Peers.OURS));
            out.put("share", measured.share());
            out.put("roundsUsed", measured.rounds().used().size());
            out.put("roundsDiscarded", measured.rounds().discarded());
            out.put("coreForEachThread", measured.rounds().fit());
        }
        out.put("peers", measured.peers().stream().map(peer -> {
            Spread ratio = measured.ratio(peer);
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("peer", peer);
            entry.put("nanos", measured.nanos(peer));
            entry.put("ratio", ratio.median());
            entry.put("least", ratio.least());
            entry.put("greatest", ratio.greatest());
            return entry;
        }).toList());
        out.put("refused", measured.refused());
        out.put("peakBytes", measured.peakBytes());
        out.put("rounds", measured.rounds().used().stream().map(round -> {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("fma", round.fma());
            entry.put("fmaOfTeam", round.fmaOfTeam());
            entry.put("copy", round.copy());
            entry.put("nanos", round.nanos());
            return entry;
        }).toList());
        return out;
    }

    /** Writes the JSON; a reader finds the whole of it at any time. */
    void write(Path file) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, json() + "\n", StandardCharsets.UTF_8);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}

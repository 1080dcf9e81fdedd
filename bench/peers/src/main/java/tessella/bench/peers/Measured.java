package tessella.bench.peers;

import java.util.List;
import java.util.Map;

/**
 * A piece of work that was compared.
 *
 * @param set its set
 * @param work the work
 * @param threads of each library
 * @param rounds that count
 * @param discarded rounds in which the machine had no core for each thread
 * @param fit whether only rounds count in which it had; if not, there were too few of them
 * @param peers the libraries that computed the same as ours, in their order
 * @param refused why others were not timed
 * @param peakBytes the most memory that each had resident, if that was asked
 */
record Measured(String set, Work work, int threads, List<Round> rounds, int discarded, boolean fit, List<String> peers,
        Map<String, String> refused, Map<String, Long> peakBytes) {
    /** Whether ours was timed. */
    boolean isTimed() {
        return !rounds.isEmpty();
    }

    /** Nanoseconds of a run. */
    double nanos(String name) {
        return Spread.of(rounds.stream().mapToDouble(round -> round.nanos().get(name))).median();
    }

    /** The time of a library by ours, of each round. */
    Spread ratio(String peer) {
        return Spread.of(rounds.stream().mapToDouble(round -> round.ratio(peer)));
    }

    /** Our share of what the machine can do. */
    double share() {
        return Spread.of(rounds.stream().mapToDouble(round -> round.share(work, threads))).median();
    }
}

package tessella.bench.peers;

import java.util.List;
import java.util.Map;

/**
 * A piece of work that was compared.
 *
 * @param set its set
 * @param work the work
 * @param threads of each library
 * @param rounds in which it was timed
 * @param peers the libraries that were timed beside ours, in their order
 * @param refused why others were not
 * @param peakBytes the most memory that each had resident, if that was asked
 */
record Measured(String set, Work work, int threads, Rounds rounds, List<String> peers, Map<String, String> refused,
        Map<String, Long> peakBytes) {
    /** Whether ours was timed. */
    boolean isTimed() {
        return !rounds.used().isEmpty();
    }

    /** Nanoseconds of a run. */
    double nanos(String name) {
        return Spread.of(rounds.used().stream().mapToDouble(round -> round.nanos().get(name))).median();
    }

    /** The time of a library by ours, of each round. */
    Spread ratio(String peer) {
        return Spread.of(rounds.used().stream().mapToDouble(round -> round.ratio(peer)));
    }

    /** Our share of what the machine can do. */
    double share() {
        return Spread.of(rounds.used().stream().mapToDouble(round -> round.share(work, threads))).median();
    }
}

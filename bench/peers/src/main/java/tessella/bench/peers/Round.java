package tessella.bench.peers;

import java.util.Map;

/**
 * One turn of all libraries.
 *
 * @param fma floating-point operations a second that one thread reached just before
 * @param fmaOfTeam that as many threads reached as the work has, two at least
 * @param copy bytes a second that the threads of the work copied, 0 if that cannot be its limit
 * @param nanos of each library
 */
record Round(double fma, double fmaOfTeam, double copy, Map<String, Long> nanos) {
    /** What a thread of several reaches at least of what it reaches alone: else the host has put two of them on one core. */
    static final double OWN_CORE = 0.9;

    /** Whether the machine had a core for each of so many threads. */
    boolean isFit(int threads) {
        return threads < 2 || fmaOfTeam >= OWN_CORE * threads * fma;
    }

    /** How much longer a library took than ours: above 1, ours is faster. */
    double ratio(String peer) {
        return (double) nanos.get(peer) / nanos.get(Peers.OURS);
    }

    /**
     * The share that ours reached of what the machine can do: the seconds that the operations or the bytes of the work need at
     * least, whichever is more, by the seconds taken.
     */
    double share(Work work, int threads) {
        double operations = work.flop() / (threads < 2 ? fma : fmaOfTeam);
        double bytes = copy == 0 ? 0 : work.bytes() / copy;
        return Math.max(operations, bytes) / (nanos.get(Peers.OURS) * 1e-9);
    }
}

package tessella.bench.peers;

import java.util.Map;

/**
 * One turn of all libraries.
 *
 * @param fma floating-point operations a second that one thread reached just before
 * @param fmaOfTwo that two threads reached
 * @param copy bytes a second that the threads of the work copied, 0 if that is not its limit
 * @param nanos of each library
 */
record Round(double fma, double fmaOfTwo, double copy, Map<String, Long> nanos) {
    /** Two threads on two cores have at least so much more than one: else the host has put them on one core. */
    static final double TWO_CORES = 1.8;

    /** Whether the machine had a core for each of so many threads. */
    boolean isFit(int threads) {
        return threads < 2 || fmaOfTwo / fma >= TWO_CORES;
    }

    /** How much longer a library took than ours. */
    double ratio(String peer) {
        return (double) nanos.get(peer) / nanos.get(Peers.OURS);
    }

    /**
     * Share of what the machine can do that ours reached: the time that the products or the bytes of the work need at least, by
     * the time taken.
     */
    double share(Work work, int threads) {
        double products = work.flop() / (threads < 2 ? fma : fmaOfTwo);
        double bytes = copy == 0 ? 0 : work.bytes() / copy;
        return Math.max(products, bytes) / (nanos.get(Peers.OURS) * 1e-9);
    }
}

package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The rounds of a comparison.
 *
 * @param used those that count
 * @param discarded how many were run in which the machine had no core for each thread
 * @param fit whether it had in all that count; if not, there were too few of them, and discarded ones fill the rest
 */
record Rounds(List<Round> used, int discarded, boolean fit) {
    /** Rounds in all, for each that is wanted. */
    private static final int TRIES = 3;

    /**
     * Runs rounds until enough of them are fit, three times as many at most.
     *
     * @param round the round of a number from 0; null ends the search without any
     */
    static Rounds run(int wanted, int threads, IntFunction<Round> round) {
        List<Round> fit = new ArrayList<>();
        List<Round> unfit = new ArrayList<>();
        for (int i = 0; fit.size() < wanted && i < TRIES * wanted; i++) {
            Round next = round.apply(i);
            if (next == null) {
                return new Rounds(List.of(), unfit.size(), true);
            }
            (next.isFit(threads) ? fit : unfit).add(next);
        }
        int missing = wanted - fit.size();
        fit.addAll(unfit.subList(0, missing));
        return new Rounds(List.copyOf(fit), unfit.size(), missing == 0);
    }
}

package tessella.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rounds of ceilings and benchmarks side by side. A round in which the machine had not a core for each thread is discarded: on a
 * shared machine all threads together may get little more than one.
 *
 * @param ceilings medians over the rounds that count, for each number of threads
 * @param results of all rounds that count, the forks of each benchmark together
 * @param used rounds that count
 * @param discarded rounds that do not
 * @param fit whether there were as many fit rounds as were wanted; if not, unfit ones fill up
 */
record RooflineRounds(List<Ceilings> ceilings, List<JmhResult> results, int used, int discarded, boolean fit) {
    /** The share of so many peaks of one thread that a peak of all must have. */
    static final double FIT = 0.9;
    /** Rounds in all, for each that is wanted. */
    private static final int TRIES = 3;

    /** What one round measured: ceilings of one thread first, then of more; what was measured twice is there twice. */
    record Round(List<Ceilings> ceilings, List<JmhResult> results) {
        /** Whether each measurement of more threads had 0.9 times as many peaks of one: 1.8 of two. */
        boolean isFit() {
            double one = ceilings.stream().filter(c -> c.threads() == 1).mapToDouble(Ceilings::flops).max().orElseThrow();
            return ceilings.stream().allMatch(c -> c.threads() == 1 || c.flops() >= FIT * c.threads() * one);
        }
    }

    /** Runs a round, of a number from 0. */
    interface Source {
        Round run(int number) throws Exception;
    }

    /** Runs rounds until as many as wanted are fit, three times as many at most. */
    static RooflineRounds run(int wanted, Source source) throws Exception {
        List<Round> fit = new ArrayList<>();
        List<Round> unfit = new ArrayList<>();
        for (int i = 0; fit.size() < wanted && i < TRIES * wanted; i++) {
            Round round = source.run(i);
            (round.isFit() ? fit : unfit).add(round);
        }
        int missing = wanted - fit.size();
        fit.addAll(unfit.subList(0, missing));
        return new RooflineRounds(ceilings(fit), results(fit), wanted, unfit.size() - missing, missing == 0);
    }

    /** These ceilings for results of another time. */
    RooflineRounds with(List<JmhResult> others) {
        return new RooflineRounds(ceilings, others, used, discarded, fit);
    }

    private static List<Ceilings> ceilings(List<Round> rounds) {
        List<Ceilings> all = rounds.stream().flatMap(round -> round.ceilings().stream()).toList();
        return all.stream().map(Ceilings::threads).distinct().sorted()
                .map(threads -> Ceilings.median(all.stream().filter(c -> c.threads() == threads).toList())).toList();
    }

    private static List<JmhResult> results(List<Round> rounds) {
        Map<String, JmhResult> merged = new LinkedHashMap<>();
        rounds.forEach(round -> round.results().forEach(result -> merged.merge(result.key(), result, JmhResult::with)));
        return List.copyOf(merged.values());
    }
}

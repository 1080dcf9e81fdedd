package tessella.golden;

import java.util.LinkedHashMap;
import java.util.Map;
import tessella.reference.Array;
import tessella.reference.NormOracle;
import tessella.reference.ReductionOracle;

/**
 * The router metrics of the published code, computed from the library's weights: means of the largest and smallest
 * dispatch weight of every slot and combine weight of every token, and cosines between pairs of tokens (combine), of
 * slots (dispatch) and of slot parameters (mu).
 *
 * @param dispatch D [G, m, n, p]
 * @param combine C [G, m, n, p]
 * @param mu the normalised, scaled slot parameters [d, n, p]
 */
record RouterMetrics(Array dispatch, Array combine, Array mu) {
    /** Inside the root of the cosines' normaliser. */
    private static final double EPS = 1e-9;

    Map<String, Double> all() {
        int groups = dispatch.dim(0);
        int tokens = dispatch.dim(1);
        int slots = dispatch.dim(2) * dispatch.dim(3);
        Array byToken = combine.reshape(groups, tokens, slots);
        Array bySlot = dispatch.reshape(groups, tokens, slots).permute(0, 2, 1);
        Map<String, Double> metrics = new LinkedHashMap<>();
        extremes(metrics, "combine_weights", byToken);
        extremes(metrics, "dispatch_weights", bySlot);
        similarity(metrics, "combine_weights", byToken);
        similarity(metrics, "dispatch_weights", bySlot);
        similarity(metrics, "mu", mu.reshape(1, mu.dim(0), slots).permute(0, 2, 1));
        return metrics;
    }

    private static void extremes(Map<String, Double> metrics, String name, Array rows) {
        int[] all = {0, 1, 2};
        Array smallest = ReductionOracle.max(rows.times(-1), -1).times(-1);
        metrics.put(name + "_max_mean", ReductionOracle.mean(ReductionOracle.max(rows, -1), all).item());
        metrics.put(name + "_min_mean", ReductionOracle.mean(smallest, all).item());
    }

    /** Cosines of the rows of each group, all pairs of different rows; nothing when there is one row only. */
    private static void similarity(Map<String, Double> metrics, String name, Array rows) {
        int groups = rows.dim(0);
        int count = rows.dim(1);
        if (count == 1) {
            return;
        }
        Array unit = NormOracle.l2Normalize(rows, -1, EPS);
        double sum = 0;
        double max = Double.NEGATIVE_INFINITY;
        double min = Double.POSITIVE_INFINITY;
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < count; j++) {
                    double cosine = 0;
                    for (int k = 0; k < rows.dim(2); k++) {
                        cosine += unit.get(g, i, k) * unit.get(g, j, k);
                    }
                    // the published mean takes the diagonal for exactly 1, which eps makes it not
                    sum += i == j ? cosine - 1 : cosine;
                    max = i == j ? max : Math.max(max, cosine);
                    min = i == j ? min : Math.min(min, cosine);
                }
            }
        }
        metrics.put(name + "_similarity_mean", sum / groups / count / (count - 1));
        metrics.put(name + "_similarity_max", max);
        metrics.put(name + "_similarity_min", min);
    }
}

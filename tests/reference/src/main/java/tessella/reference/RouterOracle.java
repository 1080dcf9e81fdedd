package tessella.reference;

import java.util.ArrayList;
import java.util.List;

/**
 * Sparse routing of one group, written out from its definition: gates g {@code [S, E]} (S tokens, E experts), capacity C. An assignment is,
 * for each expert, the tokens it works on, in the order in which it got them.
 */
public final class RouterOracle {
    private RouterOracle() {}

    /** Whose turn it is among tokens. */
    public enum Order {
        /** The first token. */
        POSITION,
        /** The token of the largest gate. */
        LARGEST_GATE,
        /** The token whose chosen gates have the largest sum. */
        SUM_OF_CHOSEN_GATES
    }

    /** The gradients of the layer. */
    public record LayerGradients(Array x, Array kernel, SoftMoeOracle.Experts experts) {}

    /** The experts that a token chooses, the best first: k times the first of the largest gates that are left. */
    public static List<Integer> choices(Array gates, int token, int k) {
        List<Integer> chosen = new ArrayList<>();
        while (chosen.size() < k) {
            int best = -1;
            for (int e = 0; e < gates.dim(1); e++) {
                if (!chosen.contains(e) && (best < 0 || gates.get(token, e) > gates.get(token, best))) {
                    best = e;
                }
            }
            chosen.add(best);
        }
        return chosen;
    }

    /** Tokens choose k experts each; all first choices come before all second ones. */
    public static List<List<Integer>> tokensChoice(Array gates, int k, int capacity, Order order) {
        List<List<Integer>> assigned = lists(gates.dim(1));
        for (int round = 0; round < k; round++) {
            List<Integer> waiting = new ArrayList<>();
            for (int t = 0; t < gates.dim(0); t++) {
                waiting.add(t);
            }
            while (!waiting.isEmpty()) {
                int next = waiting.getFirst();
                for (int t : waiting) {
                    if (score(gates, t, k, order) > score(gates, next, k, order)) {
                        next = t;
                    }
                }
                waiting.remove((Integer) next);
                List<Integer> rows = assigned.get(choices(gates, next, k).get(round));
                if (rows.size() < capacity) {
                    rows.add(next);
                }
            }
        }
        return assigned;
    }

    private static double score(Array gates, int token, int k, Order order) {
        double score = 0;
        int counted = order == Order.POSITION ? 0 : order == Order.LARGEST_GATE ? 1 : k;
        for (int e : choices(gates, token, counted)) {
            score += gates.get(token, e);
        }
        return score;
    }

    /** Each expert takes the first of the largest gates that are left, up to its capacity or until there are no tokens. */
    public static List<List<Integer>> expertsChoice(Array gates, int capacity) {
        List<List<Integer>> assigned = lists(gates.dim(1));
        for (int e = 0; e < gates.dim(1); e++) {
            for (int tokens : choices(gates.transposed(), e, Math.min(capacity, gates.dim(0)))) {
                assigned.get(e).add(tokens);
            }
        }
        return assigned;
    }

    private static List<List<Integer>> lists(int n) {
        List<List<Integer>> lists = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            lists.add(new ArrayList<>());
        }
        return lists;
    }

    /** The one-hot dispatch tensor {@code [1, S, E, C]}, C the longest list: 1 where expert e has token t in row c. */
    public static Array dispatch(List<List<Integer>> assigned, int tokens) {
        int rows = Math.max(1, assigned.stream().mapToInt(List::size).max().orElse(1));
        return Array.fill(new int[] {1, tokens, assigned.size(), rows}, i ->
                i[3] < assigned.get(i[2]).size() && assigned.get(i[2]).get(i[3]) == i[1] ? 1 : 0);
    }

    /** The gates of tokens x {@code [S, d]}: softmax over experts of x W and noise {@code [S, E]}. */
    public static Array gates(Array x, Array kernel, Array noise) {
        return SoftmaxOracle.softmax(MatmulOracle.matmul(x, kernel).plus(noise), 1);
    }

    /** The layer under an assignment, by dense products with the dispatch tensor: {@code [S, d]}. */
    public static Array layer(Array x, Array kernel, Array noise, SoftMoeOracle.Experts e, List<List<Integer>> assigned) {
        Array dispatch = dispatch(assigned, x.dim(0));
        SoftMoeOracle.Weights weights = new SoftMoeOracle.Weights(dispatch, combine(gates(x, kernel, noise), dispatch));
        return SoftMoeOracle.mix(x.reshape(1, x.dim(0), x.dim(1)), weights, e).reshape(x.shape());
    }

    /** The gradient of {@link #layer}: the assignment is constant, the gates are not. */
    public static LayerGradients layerVjp(Array x, Array kernel, Array noise, SoftMoeOracle.Experts e, List<List<Integer>> assigned,
            Array dy) {
        Array dispatch = dispatch(assigned, x.dim(0));
        Array gates = gates(x, kernel, noise);
        int[] group = {1, x.dim(0), x.dim(1)};
        var mixed = SoftMoeOracle.mixVjp(x.reshape(group), new SoftMoeOracle.Weights(dispatch, combine(gates, dispatch)), e,
                dy.reshape(group));
        Array dGates = mixed.combine().times(dispatch).sumTo(1, x.dim(0), gates.dim(1), 1).reshape(gates.shape());
        Array logits = MatmulOracle.matmul(x, kernel).plus(noise);
        var product = MatmulOracle.matmulVjp(x, kernel, SoftmaxOracle.softmaxVjp(logits, dGates, 1));
        return new LayerGradients(mixed.x().reshape(x.shape()).plus(product.a()), product.b(), mixed.experts());
    }

    private static Array combine(Array gates, Array dispatch) {
        return Array.fill(dispatch.shape(), i -> gates.get(i[1], i[2]) * dispatch.get(i));
    }

    /** The squared coefficient of variation of the elements. */
    public static double squaredVariation(double... v) {
        double mean = 0;
        for (double element : v) {
            mean += element / v.length;
        }
        double variance = 0;
        for (double element : v) {
            variance += (element - mean) * (element - mean) / v.length;
        }
        return variance / (mean * mean);
    }

    /** The importance loss. */
    public static double importance(Array gates) {
        double[] sums = new double[gates.dim(1)];
        for (int[] i : gates.indices()) {
            sums[i[1]] += gates.get(i);
        }
        return squaredVariation(sums);
    }

    /** The load loss: by how likely an expert's logit with new noise is above the k-th largest noisy one. */
    public static double load(Array clean, Array noisy, int k, double std) {
        double[] loads = new double[clean.dim(1)];
        for (int[] i : clean.indices()) {
            double threshold = noisy.get(i[0], choices(noisy, i[0], k).getLast());
            double z = (threshold - clean.get(i)) / std;
            loads[i[1]] += (1 - ElementwiseOracle.erf(z / Math.sqrt(2))) / 2 / clean.dim(0);
        }
        return squaredVariation(loads);
    }

    /** The loss of GShard. */
    public static double gshard(Array gates) {
        int experts = gates.dim(1);
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            double share = 0;
            double mean = 0;
            for (int t = 0; t < gates.dim(0); t++) {
                share += choices(gates, t, 1).getFirst() == e ? 1.0 / gates.dim(0) : 0;
                mean += gates.get(t, e) / gates.dim(0);
            }
            sum += share * mean;
        }
        return experts * sum;
    }
}

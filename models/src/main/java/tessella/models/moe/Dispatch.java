package tessella.models.moe;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rows of all experts for all groups of a batch: those of one expert side by side, group by group, and padded to the most
 * that one has. Experts are taken in their order, so that the outputs of a token are added in that order, whatever the number of
 * threads.
 */
final class Dispatch {
    /** The experts that take part. */
    final int[] experts;
    /** Rows of each, padding counted. */
    final int rows;
    /** The token of each row [experts, rows]; padding has that of the first row of its expert, or the first token. */
    final int[] gathered;
    /** Of each pair, its place among all rows. */
    final int[] places;
    /** Of each pair, its token. */
    final int[] tokens;
    /** Of each pair, its place among the weights [all tokens, all experts]. */
    final int[] weights;

    /** The rows of groups that lie one after the other, for these experts of theirs. */
    Dispatch(List<Assignment> groups, int[] experts) {
        this.experts = experts;
        int n = groups.getFirst().experts();
        int[] counts = counts(groups);
        rows = Arrays.stream(counts).max().orElse(0);
        int pairs = Arrays.stream(counts).sum();
        gathered = new int[experts.length * rows];
        places = new int[pairs];
        tokens = new int[pairs];
        weights = new int[pairs];
        int pair = 0;
        for (int i = 0; i < experts.length; i++) {
            int row = i * rows;
            int offset = 0;
            for (Assignment group : groups) {
                for (int token : group.tokens(experts[i])) {
                    gathered[row] = offset + token;
                    places[pair] = row++;
                    tokens[pair] = offset + token;
                    weights[pair++] = (offset + token) * n + experts[i];
                }
                offset += Math.toIntExact(group.weights().dim(0));
            }
            Arrays.fill(gathered, row, (i + 1) * rows, gathered[i * rows]);
        }
    }

    /** The experts that have a row in some group, ascending. */
    static int[] busy(List<Assignment> groups) {
        int[] counts = counts(groups);
        return IntStream.range(0, counts.length).filter(e -> counts[e] > 0).toArray();
    }

    private static int[] counts(List<Assignment> groups) {
        int[] counts = new int[groups.getFirst().experts()];
        for (Assignment group : groups) {
            for (int e = 0; e < counts.length; e++) {
                counts[e] += group.rows(e);
            }
        }
        return counts;
    }
}

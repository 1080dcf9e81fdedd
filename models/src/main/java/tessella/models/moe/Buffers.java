package tessella.models.moe;

import java.util.Arrays;

/** The rows of every expert while tokens are assigned to them. */
final class Buffers {
    private final int capacity;
    private final int[][] tokens;
    private final int[] rows;

    Buffers(int experts, int capacity) {
        this.capacity = capacity;
        tokens = new int[experts][4];
        rows = new int[experts];
    }

    /** Gives an expert a token, if it has room. */
    void offer(int expert, int token) {
        int row = rows[expert];
        if (row == capacity) {
            return;
        }
        if (row == tokens[expert].length) {
            tokens[expert] = Arrays.copyOf(tokens[expert], 2 * row);
        }
        tokens[expert][row] = token;
        rows[expert]++;
    }

    int[][] tokens() {
        int[][] out = new int[rows.length][];
        Arrays.setAll(out, e -> Arrays.copyOf(tokens[e], rows[e]));
        return out;
    }
}

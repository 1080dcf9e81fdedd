package tessella.bench;

import java.util.Arrays;

/**
 * The soft top-k mask for p = 2 as textbooks compute it, in scalar Java: sort the row, pool adjacent violators, put back; what the kernels are
 * compared with. Rows of n in arrays of the heap.
 */
final class TextbookTopK {
    private final int n;
    private final int k;
    private final float lambda;
    private final long[] keys;
    private final float[] sums;
    private final int[] order;
    private final int[] starts;

    TextbookTopK(int n, int k, float lambda) {
        this.n = n;
        this.k = k;
        this.lambda = lambda;
        keys = new long[n];
        sums = new float[n];
        order = new int[n];
        starts = new int[n + 1];
    }

    /** y of x, and dx of dy, for all rows. */
    void run(float[] x, float[] dy, float[] y, float[] dx) {
        for (int row = 0; row < x.length; row += n) {
            int blocks = forward(x, y, row);
            backward(dy, dx, row, blocks);
        }
    }

    private int forward(float[] x, float[] y, int row) {
        for (int i = 0; i < n; i++) {
            // as integers, the largest float first, its place below
            int bits = Float.floatToRawIntBits(x[row + i]);
            keys[i] = (long) ~(bits ^ bits >> 31 & Integer.MAX_VALUE) << 32 | i;
        }
        Arrays.sort(keys);
        int blocks = 0;
        for (int i = 0; i < n; i++) {
            order[i] = (int) keys[i];
            float sum = x[row + order[i]] - (i < k ? lambda : 0);
            int start = i;
            while (blocks > 0 && sums[blocks - 1] * (i + 1 - start) < sum * (start - starts[blocks - 1])) {
                blocks--;
                sum += sums[blocks];
                start = starts[blocks];
            }
            sums[blocks] = sum;
            starts[blocks++] = start;
        }
        starts[blocks] = n;
        for (int block = 0; block < blocks; block++) {
            int from = starts[block];
            int to = starts[block + 1];
            float v = sums[block] / (to - from);
            for (int i = from; i < to; i++) {
                y[row + order[i]] = to - from == 1 ? i < k ? 1 : 0 : (x[row + order[i]] - v) / lambda;
            }
        }
        return blocks;
    }

    private void backward(float[] dy, float[] dx, int row, int blocks) {
        for (int block = 0; block < blocks; block++) {
            int from = starts[block];
            int to = starts[block + 1];
            if (to - from == 1) {
                dx[row + order[from]] = 0;
                continue;
            }
            float sum = 0;
            for (int i = from; i < to; i++) {
                sum += dy[row + order[i]];
            }
            float mean = sum / (to - from);
            for (int i = from; i < to; i++) {
                dx[row + order[i]] = (dy[row + order[i]] - mean) / lambda;
            }
        }
    }
}

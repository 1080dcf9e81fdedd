package tessella.models.data;

import java.util.Arrays;
import tessella.autodiff.Resize;

/**
 * The weights of one axis of a resize, without the zeros on either side.
 *
 * @param first   the first old pixel that each new one looks at
 * @param weights those of the old pixels from there on
 */
record Filter(int[] first, double[][] weights) {
    /** Bits after the point of a weight in 8-bit arithmetic: those of Pillow, so that the bytes are its bytes. */
    private static final int BITS = 22;
    /** A half, which makes the shift round half up. */
    static final long HALF = 1L << BITS - 1;

    static Filter of(Resize method, int in, int out) {
        double[] matrix = method.weights(in, out);
        int[] first = new int[out];
        double[][] weights = new double[out][];
        for (int i = 0; i < out; i++) {
            int from = i * in;
            int to = from + in;
            while (matrix[from] == 0) { // a row sums to 1, so it is not all zeros
                from++;
            }
            while (matrix[to - 1] == 0) {
                to--;
            }
            first[i] = from - i * in;
            weights[i] = Arrays.copyOfRange(matrix, from, to);
        }
        return new Filter(first, weights);
    }

    /** New pixels. */
    int size() {
        return first.length;
    }

    int first(int i) {
        return first[i];
    }

    double[] weights(int i) {
        return weights[i];
    }

    /** The weights of one new pixel in 2^-22, rounded half away from zero. */
    int[] fixed(int i) {
        return Arrays.stream(weights[i]).mapToInt(w -> (int) (w * (1 << BITS) + Math.copySign(0.5, w))).toArray();
    }

    /** A sum of values times fixed weights, as a byte. */
    static byte clipped(long sum) {
        return (byte) Math.clamp(sum >> BITS, 0, 255);
    }
}

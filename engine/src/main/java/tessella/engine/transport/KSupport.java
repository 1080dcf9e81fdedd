package tessella.engine.transport;

import java.util.Arrays;

/** The k-support norm, the convex hull of the Euclidean norm on vectors of at most k entries. */
public final class KSupport {
    private KSupport() {}

    /**
     * The square of the k-support norm of t (Argyriou, Foygel, Srebro 2012, Proposition 2.1): with |t| in descending order, the first
     * r in 0 .. k - 1 with |t|_(k-r-1) > A / (r + 1), A the sum of |t|_i from i = k - r on, gives the sum of the squares before k - r,
     * plus A^2 / (r + 1). It is the square of the sum for k = 1, and the sum of squares when at most k elements are not 0.
     *
     * @throws IllegalArgumentException if k is below 1
     */
    public static double squared(double[] t, int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k-support norm: expected k of at least 1, found " + k);
        }
        double[] sizes = new double[t.length];
        Arrays.setAll(sizes, i -> -Math.abs(t[i]));
        Arrays.sort(sizes);
        double tail = 0;
        for (int i = sizes.length - 1; i >= k; i--) {
            tail -= sizes[i];
        }
        int alone = Math.min(k, sizes.length);
        if (tail > 0) {
            // the smallest of those that stand alone joins the rest while it is no more than its share of the rest
            do {
                alone--;
                tail -= sizes[alone];
            } while (alone > 0 && -sizes[alone - 1] <= tail / (k - alone));
        }
        double squares = 0;
        for (int i = 0; i < alone; i++) {
            squares += sizes[i] * sizes[i];
        }
        return squares + (tail > 0 ? tail * tail / (k - alone) : 0);
    }
}

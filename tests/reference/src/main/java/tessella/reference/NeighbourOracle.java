package tessella.reference;

/** Nearest neighbours by their cosines, one after the other. */
public final class NeighbourOracle {
    private NeighbourOracle() {}

    /** a b / (|a| |b|), 0 if one of the two is all zeros. */
    public static double cosine(double[] a, double[] b) {
        double product = 0;
        double aa = 0;
        double bb = 0;
        for (int j = 0; j < a.length; j++) {
            product += a[j] * b[j];
            aa += a[j] * a[j];
            bb += b[j] * b[j];
        }
        return aa == 0 || bb == 0 ? 0 : product / Math.sqrt(aa) / Math.sqrt(bb);
    }

    /**
     * The places of the k keys with the highest cosine to a query of whole numbers, the highest first, of equals the first; exact:
     * cosines are compared by {@code sign(a b) (a b)^2 / |b|^2}, multiplied out.
     */
    public static int[] nearestOfWholeNumbers(long[][] keys, long[] query, int k) {
        int[] out = new int[k];
        boolean[] taken = new boolean[keys.length];
        for (int r = 0; r < k; r++) {
            int best = -1;
            for (int i = 0; i < keys.length; i++) {
                if (!taken[i] && (best < 0 || compare(keys[i], keys[best], query) > 0)) {
                    best = i;
                }
            }
            taken[best] = true;
            out[r] = best;
        }
        return out;
    }

    private static int compare(long[] a, long[] b, long[] query) {
        long x = product(a, query);
        long y = product(b, query);
        long left = x * Math.abs(x) * Math.max(1, product(b, b)); // a key of zeros has the product 0, whatever it is divided by
        long right = y * Math.abs(y) * Math.max(1, product(a, a));
        return Long.compare(left, right);
    }

    private static long product(long[] a, long[] b) {
        long sum = 0;
        for (int j = 0; j < a.length; j++) {
            sum += a[j] * b[j];
        }
        return sum;
    }
}

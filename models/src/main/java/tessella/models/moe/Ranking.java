package tessella.models.moe;

/** Orders by score. */
final class Ranking {
    private Ranking() {}

    /**
     * The places of n scores that lie stride apart, the largest first; equal ones, and both zeros, in the order of their places,
     * those that are no numbers before all others.
     */
    static int[] descending(double[] scores, int first, int stride, int n) {
        double[] keys = new double[n];
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            keys[i] = scores[first + i * stride] + 0.0;
            order[i] = i;
        }
        int[] from = order;
        int[] to = new int[n];
        for (int width = 1; width < n; width *= 2) {
            for (int low = 0; low < n; low += 2 * width) {
                merge(keys, from, to, low, Math.min(n, low + width), Math.min(n, low + 2 * width));
            }
            int[] merged = to;
            to = from;
            from = merged;
        }
        return from;
    }

    private static void merge(double[] keys, int[] from, int[] to, int low, int middle, int high) {
        int left = low;
        int right = middle;
        for (int i = low; i < high; i++) {
            boolean takeRight = left == middle || right < high && Double.compare(keys[from[right]], keys[from[left]]) > 0;
            to[i] = takeRight ? from[right++] : from[left++];
        }
    }
}

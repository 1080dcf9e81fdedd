package tessella.models.measure;

/** The highest of some scores, by a heap of as many places as are wanted: n log k comparisons at most, no boxed values. */
final class TopK {
    private final double[] scores;
    private final int first;
    private final int[] heap; // places, the lowest of the kept ones at the root
    private int size;

    private TopK(double[] scores, int first, int k) {
        this.scores = scores;
        this.first = first;
        this.heap = new int[k];
    }

    /**
     * The places, from 0 to n - 1, of the k highest of scores[first .. first + n - 1], the highest first, of equals the first.
     * The caller has checked that k is in [0, n] and that no score is NaN.
     */
    static int[] of(double[] scores, int first, int n, int k) {
        TopK kept = new TopK(scores, first, k);
        for (int place = 0; place < n && k > 0; place++) {
            if (kept.size < k) {
                kept.rise(place);
            } else if (kept.isLower(kept.heap[0], place)) {
                kept.sink(place);
            }
        }
        int[] out = new int[k];
        for (int i = k - 1; i >= 0; i--) {
            out[i] = kept.heap[0];
            kept.sink(kept.heap[--kept.size]);
        }
        return out;
    }

    private boolean isLower(int a, int b) {
        double x = scores[first + a];
        double y = scores[first + b];
        return x < y || x == y && a > b;
    }

    /** Adds a place. */
    private void rise(int place) {
        int at = size++;
        while (at > 0 && isLower(place, heap[(at - 1) / 2])) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = place;
    }

    /** Puts a place where the root was. */
    private void sink(int place) {
        int at = 0;
        for (int child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && isLower(heap[child + 1], heap[child])) {
                child++;
            }
            if (!isLower(heap[child], place)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = place;
    }
}

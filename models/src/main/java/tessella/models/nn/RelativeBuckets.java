package tessella.models.nn;

import tessella.autodiff.Indexing;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;

/**
 * The relative position bias of T5 (Raffel et al. 2020): one learned number a head for each bucket of distances, exact for
 * near positions and logarithmic up to the largest distance.
 *
 * @param direction whether keys behind the query are told from those before it
 * @param buckets number of buckets
 * @param maxDistance from which on all distances share the last bucket
 */
public record RelativeBuckets(Direction direction, int buckets, int maxDistance) {
    /** Which keys a query looks at. */
    public enum Direction {
        /** All; half of the buckets for the keys behind it. */
        BIDIRECTIONAL,
        /** Those before it; the others, which are masked, share bucket 0. */
        CAUSAL
    }

    /** Checks the numbers. */
    public RelativeBuckets {
        int half = direction == Direction.BIDIRECTIONAL ? buckets / 2 : buckets;
        if (half < 2 || direction == Direction.BIDIRECTIONAL && buckets % 2 != 0 || maxDistance <= half / 2) {
            throw new IllegalArgumentException("relative buckets: expected at least 2 buckets a direction, an even number for both "
                    + "directions, and a maxDistance above half of a direction's, found " + buckets + " for " + direction
                    + " and maxDistance " + maxDistance);
        }
    }

    /** The bucket of the distance (place of the key) - (place of the query). */
    public int bucket(int distance) {
        int half = direction == Direction.BIDIRECTIONAL ? buckets / 2 : buckets;
        int offset = direction == Direction.BIDIRECTIONAL && distance > 0 ? half : 0;
        long n = direction == Direction.BIDIRECTIONAL ? Math.abs((long) distance) : Math.max(0, -(long) distance);
        int exact = half / 2;
        if (n < exact) {
            return offset + (int) n;
        }
        double ratio = StrictMath.log((double) n / exact) / StrictMath.log((double) maxDistance / exact);
        return offset + (int) Math.min(half - 1, exact + (long) (ratio * (half - exact)));
    }

    /**
     * The bias of every pair of n queries and m keys from a table [buckets, heads]: [heads, n, m], to be added to the logits
     * of attention.
     *
     * @throws IllegalArgumentException if the table has not one row a bucket
     */
    public Tensor bias(Tensor table, int n, int m) {
        if (table.shape().rank() != 2 || table.dim(0) != buckets) {
            throw new IllegalArgumentException("relative buckets: expected a table [" + buckets + ", heads], found "
                    + table.shape());
        }
        int[] ids = new int[n * m];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bucket(i % m - i / m);
        }
        return Shapes.permute(Indexing.embedding(table, ids, n, m), 2, 0, 1);
    }
}

package tessella.models.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.RelativeBuckets.Direction;

/** Buckets of relative positions; the golden cases t5_bucket_* hold the published numbers. */
class RelativeBucketsTest {
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void bucketsGrowWithTheDistanceAndAllAreUsed(@ForAll Direction direction, @ForAll @IntRange(min = 2, max = 40) int each,
            @ForAll @IntRange(min = 1, max = 500) int beyond) {
        int count = direction == Direction.BIDIRECTIONAL ? 2 * each : each;
        int max = each / 2 + beyond;
        RelativeBuckets buckets = new RelativeBuckets(direction, count, max);
        int last = 0;
        for (int distance = 0; distance <= 2 * max; distance++) {
            int bucket = buckets.bucket(-distance);
            assertTrue(bucket >= last && bucket < each, distance + ": " + bucket);
            assertTrue(distance >= each / 2 || bucket == distance, distance + " has a bucket of its own, found " + bucket);
            int ahead = distance == 0 ? bucket : bucket + each;
            assertEquals(direction == Direction.BIDIRECTIONAL ? ahead : 0, buckets.bucket(distance));
            last = bucket;
        }
        assertEquals(each - 1, buckets.bucket(-max));
        assertEquals(each - 1, buckets.bucket(Integer.MIN_VALUE));
    }

    @Example
    void everyPairGetsTheNumberOfItsBucketAndHead() {
        RelativeBuckets buckets = new RelativeBuckets(Direction.BIDIRECTIONAL, 8, 20);
        try (Scope scope = Scope.open()) {
            double[] values = IntStream.range(0, 24).asDoubleStream().toArray();
            Tensor bias = buckets.bias(Tensor.of(scope, Shape.of(8, 3), values), 4, 5);
            assertEquals(Shape.of(3, 4, 5), bias.shape());
            for (int head = 0; head < 3; head++) {
                for (int query = 0; query < 4; query++) {
                    for (int key = 0; key < 5; key++) {
                        assertEquals(3 * buckets.bucket(key - query) + head, bias.value().get(head, query, key));
                    }
                }
            }
            String message = assertThrows(IllegalArgumentException.class,
                    () -> buckets.bias(Tensor.of(scope, Shape.of(6, 4), values), 4, 5)).getMessage();
            assertTrue(message.contains("[8, heads]") && message.contains("[6, 4]"), message);
        }
    }

    @Example
    void numbersThatMakeNoBucketsAreRefused() {
        refused(Direction.BIDIRECTIONAL, 7, 20);
        refused(Direction.BIDIRECTIONAL, 2, 20);
        refused(Direction.CAUSAL, 1, 20);
        refused(Direction.CAUSAL, 32, 16);
        refused(Direction.BIDIRECTIONAL, 32, 8);
    }

    private static void refused(Direction direction, int count, int max) {
        String message = assertThrows(IllegalArgumentException.class, () -> new RelativeBuckets(direction, count, max))
                .getMessage();
        assertTrue(message.contains("relative buckets") && message.contains("found " + count + " for " + direction)
                && message.endsWith("maxDistance " + max), message);
    }
}

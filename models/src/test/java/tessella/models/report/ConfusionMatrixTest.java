package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ConfusionMatrixTest {
    @Test
    void rowsAreTrueClasses() {
        ConfusionMatrix matrix = ConfusionMatrix.of(List.of("a", "b"), new int[] {0, 0, 1, 1, 1},
                new int[] {0, 1, 1, 1, 0});
        assertEquals(1, matrix.counts()[0][1]);
        assertEquals(0.6, matrix.accuracy(), 1e-12);
        assertEquals(2.0 / 3, matrix.precision(1), 1e-12);
        assertEquals(0.5, matrix.recall(0), 1e-12);
        assertEquals(0.5, matrix.f1(0), 1e-12);
        assertEquals(3, matrix.support(1));
    }

    @Test
    void theIntervalIsWilsons() {
        double[] interval = new ConfusionMatrix(List.of("a", "b"), new int[][] {{8, 2}, {0, 0}}).accuracyInterval();
        assertEquals(0.4902, interval[0], 5e-5);
        assertEquals(0.9433, interval[1], 5e-5);
        double[] perfect = new ConfusionMatrix(List.of("a"), new int[][] {{10}}).accuracyInterval();
        assertEquals(0.7225, perfect[0], 5e-5);
        assertEquals(1, perfect[1], 1e-12);
    }

    @Property(tries = 200)
    void agreesWithCounting(@ForAll @IntRange(min = 1, max = 6) int classes,
            @ForAll @IntRange(min = 1, max = 60) int pictures, @ForAll long seed) {
        Random random = new Random(seed);
        int[] labels = random.ints(pictures, 0, classes).toArray();
        int[] said = random.ints(pictures, 0, classes).toArray();
        List<String> names = IntStream.range(0, classes).mapToObj(Integer::toString).toList();
        ConfusionMatrix matrix = ConfusionMatrix.of(names, labels, said);
        int right = 0;
        for (int i = 0; i < pictures; i++) {
            right += labels[i] == said[i] ? 1 : 0;
        }
        assertEquals(right, matrix.right());
        assertEquals(pictures, matrix.total());
        double[] interval = matrix.accuracyInterval();
        assertTrue(interval[0] <= matrix.accuracy() + 1e-12 && matrix.accuracy() <= interval[1] + 1e-12);
        assertTrue(interval[0] >= -1e-12 && interval[1] <= 1 + 1e-12);
        for (int c = 0; c < classes; c++) {
            double p = matrix.precision(c);
            double r = matrix.recall(c);
            if (p + r > 0) {
                assertEquals(2 * p * r / (p + r), matrix.f1(c), 1e-12);
            }
        }
    }

    @Test
    void refusesWhatIsNotAMatrix() {
        assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(List.of("a"), new int[][] {{1, 2}}));
        assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(List.of("a"), new int[][] {{-1}}));
        assertEquals("confusion matrix: expected as many predictions as 1 labels, found 2",
                assertThrows(IllegalArgumentException.class,
                        () -> ConfusionMatrix.of(List.of("a"), new int[1], new int[2])).getMessage());
        assertEquals("confusion matrix: expected classes from 0 to 0, found label 0 and prediction 1",
                assertThrows(IllegalArgumentException.class,
                        () -> ConfusionMatrix.of(List.of("a"), new int[1], new int[] {1})).getMessage());
    }
}

package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import tessella.models.data.Picture;

class RoutingTest {
    @Test
    void evenSlotsHaveTheEntropyOfAllTokensAndDecidedOnesNone() {
        RoutingStatistics statistics = new RoutingStatistics(4, 2, 1);
        float[][] dispatch = {{0.25f, 0}, {0.25f, 1}, {0.25f, 0}, {0.25f, 0}};
        float[][] combine = {{0.75f, 0.25f}, {0.75f, 0.25f}, {1, 0}, {0.5f, 0.5f}};
        statistics.add(dispatch, combine);
        statistics.add(dispatch, combine);
        assertArrayEquals(new double[] {Math.log(4), 0}, statistics.dispatchEntropy(), 1e-12);
        assertArrayEquals(new double[] {0.75, 0.25}, statistics.combineMass(), 1e-12);
        assertArrayEquals(new double[] {0.5, 2.5, 0.5, 0.5}, statistics.tokenWeight(), 1e-12);
        assertEquals(2, statistics.pictures());
    }

    @Property(tries = 200)
    void massesSumToOneAndEntropiesAreBounded(@ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll @IntRange(min = 1, max = 5) int experts, @ForAll @IntRange(min = 1, max = 3) int slots,
            @ForAll @IntRange(min = 1, max = 4) int pictures, @ForAll long seed) {
        Random random = new Random(seed);
        RoutingStatistics statistics = new RoutingStatistics(tokens, experts, slots);
        for (int p = 0; p < pictures; p++) {
            statistics.add(transposed(stochastic(experts * slots, tokens, random)),
                    stochastic(tokens, experts * slots, random));
        }
        assertEquals(1, Arrays.stream(statistics.combineMass()).sum(), 1e-5);
        assertEquals(tokens, Arrays.stream(statistics.tokenWeight()).sum(), 1e-4);
        for (double entropy : statistics.dispatchEntropy()) {
            assertTrue(entropy >= -1e-6 && entropy <= Math.log(tokens) + 1e-5, "entropy " + entropy);
        }
    }

    @Test
    void cutsOnePictureOutOfABatch() {
        float[] flat = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        assertArrayEquals(new float[][] {{6, 7, 8}, {9, 10, 11}}, RoutingFigure.matrix(flat, 1, 2, 3));
    }

    @Test
    void aPictureOfItsOwnHasARowForEachPictureAndAColumnForEachSlot() throws Exception {
        RoutingStatistics statistics = new RoutingStatistics(4, 3, 2);
        List<RoutedPicture> routed = new ArrayList<>();
        for (int p = 0; p < 2; p++) {
            float[][] even = new float[4][6];
            for (float[] row : even) {
                Arrays.fill(row, 0.25f);
            }
            // slot 1 of expert 2 looks at one patch only
            for (int i = 0; i < 4; i++) {
                even[i][5] = i == 1 + p ? 1 : 0;
            }
            statistics.add(even, even);
            routed.add(new RoutedPicture(Picture.of(2, 2, 1, new byte[] {0, 50, 100, 127}), "a <b>, c", even));
        }
        RoutingFigure figure = new RoutingFigure("blocks.1.moe", 2, 2, List.of(0, 2), routed, statistics);
        String svg = new RoutingPicture(figure).svg();
        Document page = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        // each picture once, used again below the glow of each of four slots
        assertEquals(2 * (1 + 4), page.getElementsByTagName("image").getLength());
        assertEquals(2 * 4, page.getElementsByTagName("use").getLength());
        assertTrue(svg.contains("expert 2") && !svg.contains("expert 1<") && svg.contains("a &lt;b&gt;"), svg);
        assertTrue(svg.contains("4.0 times the uniform weight 1/4"), svg);
        Element first = (Element) page.getElementsByTagName("image").item(4);
        Element second = (Element) page.getElementsByTagName("image").item(5 + 4);
        assertNotEquals(first.getAttribute("href"), second.getAttribute("href"), "another patch glows");
        assertEquals(svg, new RoutingPicture(figure).svg());
    }

    @Test
    void refusesShapesThatDoNotFit() {
        RoutingStatistics statistics = new RoutingStatistics(4, 2, 1);
        assertEquals("routing: expected combine weights [4, 2], found [4, 3]", assertThrows(
                IllegalArgumentException.class,
                () -> statistics.add(new float[4][2], new float[4][3])).getMessage());
        assertEquals("routing of b: expected a grid of 4 tokens, found 2 x 3", assertThrows(
                IllegalArgumentException.class,
                () -> new RoutingFigure("b", 2, 3, List.of(), List.of(), statistics)).getMessage());
        assertEquals("routing of b: expected experts from 0 to 1, found 2", assertThrows(
                IllegalArgumentException.class,
                () -> new RoutingFigure("b", 2, 2, List.of(2), List.of(), statistics)).getMessage());
        RoutedPicture empty = new RoutedPicture(Picture.of(1, 1, 1, new byte[1]), "bag", new float[0][0]);
        assertEquals("routing of b: expected dispatch weights [4, 2] for bag, found [0, 0]", assertThrows(
                IllegalArgumentException.class,
                () -> new RoutingFigure("b", 2, 2, List.of(), List.of(empty), statistics)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> new RoutingStatistics(0, 1, 1));
    }

    private static float[][] stochastic(int rows, int columns, Random random) {
        float[][] result = new float[rows][columns];
        for (float[] row : result) {
            double sum = 0;
            double[] raw = random.doubles(columns).map(x -> Math.exp(6 * x)).toArray();
            for (double x : raw) {
                sum += x;
            }
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (raw[i] / sum);
            }
        }
        return result;
    }

    private static float[][] transposed(float[][] matrix) {
        float[][] result = new float[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[0].length; j++) {
                result[j][i] = matrix[i][j];
            }
        }
        return result;
    }
}

package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** What is made of times and results that are given. */
class StatisticsTest {
    private static final Work GEMM = new Work.Gemm(100, 100, 100, Work.Form.PLAIN, Work.Weights.FRESH);
    private static final Work FEW_ROWS = new Work.Gemm(1, 100, 100, Work.Form.PLAIN, Work.Weights.PREPACKED);

    private static Round round(double fma, double team, double copy, long ours, long theirs) {
        return new Round(fma, team, copy, Map.of(Peers.OURS, ours, "mkl", theirs));
    }

    private static Measured measured(int threads, Round... rounds) {
        return new Measured("sgemm", GEMM, threads, new Rounds(List.of(rounds), 0, true), List.of("mkl"), Map.of(), Map.of());
    }

    @Test
    void theMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle() {
        assertEquals(new Spread(2, 1, 7), Spread.of(DoubleStream.of(7, 1, 2)));
        assertEquals(new Spread(2.5, 1, 7), Spread.of(DoubleStream.of(7, 1, 3, 2)));
        assertEquals(6, Spread.geometricMean(4, 9), 1e-12);
    }

    /** Times of different rounds never meet: the ratio of the medians would be 1 here. */
    @Test
    void theRatioIsTheMedianOfTheRatiosOfTheRounds() {
        Measured measured = measured(1, round(1, 2, 0, 10, 20), round(1, 2, 0, 20, 10), round(1, 2, 0, 5, 20));
        assertEquals(new Spread(2, 0.5, 4), measured.ratio("mkl"));
        assertEquals(10, measured.nanos(Peers.OURS));
        assertEquals(20, measured.nanos("mkl"));
    }

    @Test
    void aRoundIsFitIfEachThreadHasACore() {
        assertTrue(round(100, 180, 0, 1, 1).isFit(2));
        assertFalse(round(100, 179, 0, 1, 1).isFit(2));
        assertTrue(round(100, 100, 0, 1, 1).isFit(1));
        assertFalse(round(100, 359, 0, 1, 1).isFit(4));
    }

    @Test
    void unfitRoundsAreRepeatedUpToThreeTimesAsOften() {
        Round fit = round(100, 200, 0, 1, 1);
        Round unfit = round(100, 100, 0, 1, 1);
        assertEquals(new Rounds(List.of(fit, fit), 0, true), Rounds.run(2, 2, _ -> fit));
        assertEquals(new Rounds(List.of(fit, fit), 3, true), Rounds.run(2, 2, i -> i == 2 || i == 4 ? fit : unfit));
        assertEquals(new Rounds(List.of(fit, unfit), 5, false), Rounds.run(2, 2, i -> i == 5 ? fit : unfit));
        assertEquals(new Rounds(List.of(unfit, unfit), 6, false), Rounds.run(2, 2, i -> i < 6 ? unfit : fit));
        assertEquals(new Rounds(List.of(unfit, unfit), 0, true), Rounds.run(2, 1, _ -> unfit));
        assertEquals(List.of(), Rounds.run(2, 1, i -> i == 0 ? fit : null).used());
    }

    @Test
    void theShareIsThatOfTheNarrowerLimit() {
        // 2e6 operations at 1e9 a second take 2 ms, on two threads 1 ms
        assertEquals(0.5, round(1e9, 2e9, 0, 4_000_000, 1).share(GEMM, 1), 1e-12);
        assertEquals(0.25, round(1e9, 2e9, 0, 4_000_000, 1).share(GEMM, 2), 1e-12);
        // 40,800 bytes at 1e6 a second take 40.8 ms, 2e4 operations 0.02 ms
        assertEquals(0.408, round(1e9, 2e9, 1e6, 100_000_000, 1).share(FEW_ROWS, 1), 1e-12);
    }

    @Test
    void differencesAreRelativeToTheLargestNumberOfEachArray() {
        FloatBuffer ours = FloatBuffer.wrap(new float[] {1000, 1, 0.5f, -2});
        assertEquals(0, Agreement.difference(List.of(2L, 2L), ours, ours));
        assertEquals(0.25, Agreement.difference(List.of(2L, 2L), ours, FloatBuffer.wrap(new float[] {1001, 1, 0, -2})), 1e-7);
        assertEquals(1e-3, Agreement.difference(List.of(2L, 2L), ours, FloatBuffer.wrap(new float[] {1000, 2, 0.5f, -2})), 1e-7);
    }

    @Test
    void nothingAgreesWithNaNOrZerosOrAnotherSize() {
        FloatBuffer ours = FloatBuffer.wrap(new float[] {1, 2});
        FloatBuffer zeros = FloatBuffer.wrap(new float[2]);
        assertFalse(Agreement.difference(List.of(2L), ours, FloatBuffer.wrap(new float[] {1, Float.NaN})) < 1);
        assertFalse(Agreement.difference(List.of(2L), FloatBuffer.wrap(new float[] {Float.NaN, 2}), ours) < 1);
        assertEquals(Double.POSITIVE_INFINITY, Agreement.difference(List.of(2L), zeros, zeros));
        assertEquals(Double.POSITIVE_INFINITY, Agreement.difference(List.of(2L), ours, FloatBuffer.wrap(new float[] {1, 2, 3})));
        assertEquals(Double.POSITIVE_INFINITY, Agreement.difference(List.of(1L), ours, ours));
    }

    @Test
    void gradientsThatFillTheHeapAreComparedOnANarrowerLayer() {
        Work large = Works.parse("softmoe-8x196x768x3072-196x1-forward_backward");
        assertEquals(Works.parse("softmoe-8x196x768x64-196x1-forward_backward"), Agreement.compared(large));
        for (String name : List.of("softmoe-8x196x768x3072-4x49-forward_backward", "softmoe-8x196x768x3072-196x1-forward",
                "step-vit-b16-batch-8")) {
            assertEquals(Works.parse(name), Agreement.compared(Works.parse(name)));
        }
    }

    @Test
    void optionsAreRead() {
        assertEquals(new Options(List.of("sgemm", "rows"), List.of(2), 3, 0.5, 0, List.of("openblas"), Optional.of(Path.of("x.json"))),
                Options.parse("sgemm", "--threads", "2", "--rounds", "3", "rows", "--seconds", "0.5", "--warmup", "0", "--peers",
                        "openblas", "--json", "x.json"));
        Options usual = Options.parse("adamw");
        assertEquals(List.of(1, 2), usual.threads());
        assertEquals(Peers.names(), usual.peers());
        assertEquals(2, usual.pieces());
    }

    @Test
    void wrongOptionsAreRefusedBeforeAnyProcessStarts() {
        for (String[] words : new String[][] {{}, {"sgemn"}, {"rows", "--rounds"}, {"rows", "--rounds", "0"}, {"rows", "--rounds", "x"},
                {"rows", "--threads", "0"}, {"rows", "--threads", ""}, {"rows", "--seconds", "NaN"}, {"rows", "--peers", "mlk"},
                {"rows", "--speed", "9"}}) {
            assertThrows(IllegalArgumentException.class, () -> Options.parse(words), String.join(" ", words));
        }
    }
}

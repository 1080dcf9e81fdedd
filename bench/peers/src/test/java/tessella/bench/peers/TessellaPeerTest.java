package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.models.nn.Parameters;

/** Our side of the comparison: the results it hands over are those that the work asks for, in their order. */
class TessellaPeerTest {
    private static final int ROWS = 3;
    private static final int N = 5;

    @AfterEach
    void memoryIsReturned() {
        assertEquals(0, Memory.inUse());
    }

    private static float[] result(Work work) {
        try (Peer peer = new TessellaPeer(); Peer.Run run = peer.prepare(work, 2)) {
            return run.result();
        }
    }

    private static float[] result(Work.RowOperator operator, Direction direction) {
        return result(new Work.Rows(operator, ROWS, N, direction));
    }

    private static List<Work> smallWorks() {
        List<Work> works = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            for (Work.RowOperator operator : Work.RowOperator.values()) {
                works.add(new Work.Rows(operator, ROWS, N, direction));
            }
            works.add(new Work.Attention(2, 3, 7, 5, direction));
            works.add(new Work.Mixture(2, 6, 8, 12, 2, 3, direction, Work.Weights.FRESH));
        }
        for (Work.Weights weights : Work.Weights.values()) {
            for (Work.Form form : Work.Form.values()) {
                works.add(new Work.Gemm(3, 4, 5, form, weights));
            }
        }
        for (Work.Weights weights : List.of(Work.Weights.PREPACKED, Work.Weights.BFLOAT16)) {
            works.add(new Work.Mixture(2, 6, 8, 12, 2, 3, Direction.FORWARD, weights));
        }
        works.addAll(List.of(new Work.Adam("vit-tiny"), new Work.Forward("vit-tiny", 2), new Work.Step("soft-moe-tiny", 2, 1),
                new Work.Step("vit-tiny", 4, 2)));
        return works;
    }

    @Test
    void everyResultHasTheNumbersThatAreComparedAndRunsLeaveNothingBehind() {
        for (Work work : smallWorks()) {
            try (Peer peer = new TessellaPeer(); Peer.Run run = peer.prepare(work, 2)) {
                run.once();
                long kept = Memory.inUse();
                float[] first = run.result();
                run.once();
                assertEquals(kept, Memory.inUse(), work.name());
                assertEquals(Agreement.arrays(work).stream().mapToLong(Long::longValue).sum(), first.length, work.name());
                boolean some = false;
                for (float value : first) {
                    assertTrue(Float.isFinite(value), work.name());
                    some |= value != 0;
                }
                assertTrue(some, work.name() + ": all zeros");
                assertArrayEquals(first, run.result(), work.name() + ": a result depends on the runs before");
            }
            assertEquals(0, Memory.inUse(), work.name());
        }
    }

    @Test
    void parametersAreDrawnOnceForTheWorksThatReadThem() {
        Work mixture = Works.parse("softmoe-2x6x8x12-2x3-forward");
        float[] alone = result(Works.parse("softmoe-3x6x8x12-2x3-forward"));
        try (Peer peer = new TessellaPeer()) {
            peer.prepare(mixture, 1).close();
            long kept = Memory.inUse();
            assertTrue(kept > 0, "nothing is kept");
            peer.prepare(Works.parse("softmoe-2x6x8x12-2x3-forward-bfloat16"), 1).close();
            assertEquals(kept, Memory.inUse(), "more is kept than was drawn");
            try (Peer.Run run = peer.prepare(Works.parse("softmoe-3x6x8x12-2x3-forward"), 1)) {
                assertArrayEquals(alone, run.result());
            }
            assertEquals(kept, Memory.inUse());
            for (String other : List.of("softmoe-2x6x8x13-2x3-forward", "forward-vit-tiny-batch-1", "forward-soft-moe-tiny-batch-1")) {
                float[] expected = result(Works.parse(other));
                try (Peer.Run run = peer.prepare(Works.parse(other), 1)) {
                    assertArrayEquals(expected, run.result(), other);
                }
            }
            peer.prepare(Works.parse("gelu-3x5-forward"), 1).close();
            assertEquals(0, Memory.inUse(), "kept for a work that does not read it");
        }
    }

    @Test
    void thereIsNoGradientOfPackedExperts() {
        try (Peer peer = new TessellaPeer()) {
            for (Work.Weights weights : List.of(Work.Weights.PREPACKED, Work.Weights.BFLOAT16)) {
                assertNull(peer.prepare(new Work.Mixture(1, 2, 4, 4, 2, 1, Direction.FORWARD_BACKWARD, weights), 1));
            }
        }
    }

    @Test
    void packedExpertsComputeWhatTheLayerDoes() {
        float[] expected = result(Works.parse("softmoe-2x6x8x12-2x3-forward"));
        assertArrayEquals(expected, result(Works.parse("softmoe-2x6x8x12-2x3-forward-prepacked")));
        float[] rounded = result(Works.parse("softmoe-2x6x8x12-2x3-forward-bfloat16"));
        float largest = 0;
        float difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - rounded[i]));
        }
        assertTrue(difference > 0 && difference < 0.02 * largest, difference + " of " + largest);
    }

    @Test
    void productsAreThoseOfTheirForm() {
        for (Work.Weights weights : Work.Weights.values()) {
            for (Work.Form form : Work.Form.values()) {
                requireProduct(new Work.Gemm(3, 4, 5, form, weights));
            }
        }
    }

    private static void requireProduct(Work.Gemm work) {
        int m = work.m();
        int k = work.k();
        int n = work.n();
        Operands operands = Operands.of(work);
        float[] c = result(work);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    sum += (double) operands.a()[work.form() == Work.Form.A_TRANSPOSED ? l * m + i : i * k + l]
                            * operands.b()[work.form() == Work.Form.B_TRANSPOSED ? j * k + l : l * n + j];
                }
                assertEquals(sum, c[i * n + j], 1e-6, work.name());
            }
        }
    }

    @Test
    void sumsPassTheCotangentOnToBothOperands() {
        float[] x = Data.normal("x", ROWS, N);
        float[] other = Data.normal("other", ROWS, N);
        float[] dy = Data.normal("dy", ROWS, N);
        float[] y = result(Work.RowOperator.RESIDUAL_ADD, Direction.FORWARD_BACKWARD);
        for (int i = 0; i < x.length; i++) {
            assertEquals(x[i] + other[i], y[i]);
            assertEquals(dy[i], y[x.length + i]);
            assertEquals(dy[i], y[2 * x.length + i]);
        }
    }

    @Test
    void theLastGradientIsThatOfTheBias() {
        float[] dy = Data.normal("dy", ROWS, N);
        float[] norm = result(Work.RowOperator.LAYER_NORM, Direction.FORWARD_BACKWARD);
        float[] gelu = result(Work.RowOperator.BIAS_GELU, Direction.FORWARD_BACKWARD);
        for (int j = 0; j < N; j++) {
            double ofNorm = 0;
            double ofGelu = 0;
            for (int i = 0; i < ROWS; i++) {
                ofNorm += dy[i * N + j];
                ofGelu += gelu[(ROWS + i) * N + j];
            }
            assertEquals(ofNorm, norm[2 * ROWS * N + N + j], 1e-5);
            assertEquals(ofGelu, gelu[2 * ROWS * N + j], 1e-5);
        }
    }

    @Test
    void theLossIsTheMeanOverRowsWithLabelsThatGoRound() {
        float[] x = Data.normal("x", ROWS, N);
        double loss = 0;
        for (int i = 0; i < ROWS; i++) {
            double sum = 0;
            for (int j = 0; j < N; j++) {
                sum += Math.exp(x[i * N + j]);
            }
            loss += (Math.log(sum) - x[i * N + i % N]) / ROWS;
        }
        assertEquals(loss, result(Work.RowOperator.CROSS_ENTROPY, Direction.FORWARD)[0], 1e-6);
    }

    /** After one step m / (1 - b1) is g and v / (1 - b2) is g^2. */
    @Test
    void theFirstStepOfAdamMovesByTheRateAndTheDecayOfKernels() {
        float[] moved = result(new Work.Adam("vit-tiny"));
        try (Parameters initial = Parameters.initialized(Models.specs("vit-tiny"), DType.F32, 1)) {
            int at = 0;
            for (Parameter parameter : initial.all()) {
                float[] p = parameter.value().toFloats();
                float[] g = Data.normal("d" + parameter.name(), p.length);
                double decay = parameter.name().endsWith(".kernel") ? 0.05 : 0;
                for (int i = 0; i < p.length; i++) {
                    assertEquals(p[i] - 1e-3 * (g[i] / (Math.abs((double) g[i]) + 1e-8) + decay * p[i]), moved[at++], 1e-6,
                            parameter.name());
                }
            }
            assertEquals(moved.length, at);
        }
    }

    @Test
    void trainingBeginsWithEvenOddsAndLearnsThePictures() {
        float[] losses = result(new Work.Step("vit-tiny", 4, 1));
        assertEquals(Math.log(Models.config("vit-tiny").classes()), losses[0], 1e-6);
        assertTrue(losses[losses.length - 1] < 0.9 * losses[0], losses[losses.length - 1] + " after ten steps");
    }
}

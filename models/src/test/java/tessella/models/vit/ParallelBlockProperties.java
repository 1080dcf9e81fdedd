package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Biases;
import tessella.models.nn.Mlp;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Observer;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.models.nn.RmsNorm;

/** What follows from y = x + Attn(N(x)) + MLP(N(x)). */
class ParallelBlockProperties {
    private static final int TRIES = 200;
    private static final Shape TOKENS = Shape.of(2, 5, 8);

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static VitConfig config(BlockForm form) {
        return new VitConfig(8, 8, 1, 4, 8, 1, 12, 2, 3, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, form, 0, null);
    }

    private static Parameters random(BlockForm form, long seed) {
        Parameters parameters = Parameters.initialized(Block.specs(config(form), 0), DType.F64, seed);
        OracleParameters.randomize(parameters, seed);
        return parameters;
    }

    private static Tensor tokens(long seed) {
        return Tensor.of(Scope.current(), TOKENS, OracleParameters.normal(seed, "tokens", TOKENS));
    }

    private static double[] apply(Parameters parameters, BlockForm form, Tensor x) {
        return new Block(parameters, config(form), 0).apply(x, Observer.NONE).toDoubles();
    }

    private static void fill(Parameters parameters, String name, double value) {
        NdArray values = parameters.get(name).value();
        double[] same = new double[(int) values.size()];
        Arrays.fill(same, value);
        values.copyFrom(same);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void qk2TheScaleOfTheQueryKernelIsWithoutEffect(@ForAll long seed, @ForAll @DoubleRange(min = -1, max = 3) double magnitude) {
        try (Scope _ = Scope.open(); Parameters parameters = random(BlockForm.PARALLEL, seed)) {
            Tensor x = tokens(seed);
            NdArray kernel = parameters.get("blocks.0.attention.query.kernel").value();
            // large from the start: the epsilon of the norm is nothing beside the variance
            kernel.copyFrom(Arrays.stream(kernel.toDoubles()).map(v -> 1e4 * v).toArray());
            double[] before = apply(parameters, BlockForm.PARALLEL, x);
            kernel.copyFrom(Arrays.stream(kernel.toDoubles()).map(v -> Math.pow(10, magnitude) * v).toArray());
            assertArrayEquals(before, apply(parameters, BlockForm.PARALLEL, x), 1e-8);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void qk4WithoutMlpOrAttentionTheOtherIsLeft(@ForAll long seed) {
        try (Scope _ = Scope.open(); Parameters parameters = random(BlockForm.PARALLEL, seed)) {
            Tensor x = tokens(seed);
            Tensor normed = new RmsNorm(parameters, "blocks.0.norm").apply(x);
            Tensor attended = new MultiHeadAttention(parameters, "blocks.0.attention", 2, QkNorm.LAYER_NORM, Biases.NONE)
                    .apply(normed, normed);
            Tensor mapped = new Mlp(parameters, "blocks.0.mlp").apply(normed, Observer.NONE);
            double[] kernel = parameters.get("blocks.0.attention.out.kernel").value().toDoubles();
            fill(parameters, "blocks.0.attention.out.kernel", 0);
            assertArrayEquals(Elementwise.add(x, mapped).toDoubles(), apply(parameters, BlockForm.PARALLEL, x));
            parameters.get("blocks.0.attention.out.kernel").value().copyFrom(kernel);
            fill(parameters, "blocks.0.mlp.out.kernel", 0);
            fill(parameters, "blocks.0.mlp.out.bias", 0);
            assertArrayEquals(Elementwise.add(x, attended).toDoubles(), apply(parameters, BlockForm.PARALLEL, x));
        }
    }

    /** On tokens of mean zero, where RMSNorm is LayerNorm; with attention the MLPs see different tokens. */
    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void qk5And7TheFormsAreEqualIfAttentionSaysNothing(@ForAll long seed) {
        try (Scope _ = Scope.open(); Parameters parallel = random(BlockForm.PARALLEL, seed);
                Parameters sequential = random(BlockForm.SEQUENTIAL, seed)) {
            double[] values = tokens(seed).toDoubles();
            for (int row = 0; row < values.length; row += 8) {
                double mean = Arrays.stream(values, row, row + 8).sum() / 8;
                for (int i = row; i < row + 8; i++) {
                    values[i] -= mean;
                }
            }
            Tensor x = Tensor.of(Scope.current(), TOKENS, values);
            fill(sequential, "blocks.0.norm2.bias", 0);
            sequential.get("blocks.0.norm2.scale").value().copyFrom(parallel.get("blocks.0.norm.scale").value().toDoubles());
            double[] one = apply(parallel, BlockForm.PARALLEL, x);
            double[] other = apply(sequential, BlockForm.SEQUENTIAL, x);
            assertTrue(distance(one, other) > 1e-3, "with attention");
            fill(parallel, "blocks.0.attention.out.kernel", 0);
            fill(sequential, "blocks.0.attention.out.kernel", 0);
            fill(sequential, "blocks.0.attention.out.bias", 0);
            one = apply(parallel, BlockForm.PARALLEL, x);
            assertArrayEquals(one, apply(sequential, BlockForm.SEQUENTIAL, x), 1e-11);
            Tensor shifted = Elementwise.add(x, Tensor.of(Scope.current(), Shape.of(), new double[] {0.5}));
            assertTrue(distance(apply(parallel, BlockForm.PARALLEL, shifted), apply(sequential, BlockForm.SEQUENTIAL, shifted))
                    > 1e-3, "of a mean that is not zero");
        }
    }

    private static double distance(double[] a, double[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }
}

package tessella.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** What norms of queries and keys buy: bounded logits, and kernels whose scale is without effect. */
class QkNormProperties {
    private static final int TRIES = 200;
    private static final int WIDTH = 8;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static double[] normal(long seed, String name, long size, double std) {
        Random random = Random.of(seed, name);
        double[] values = new double[(int) size];
        Arrays.setAll(values, i -> std * random.normal(i));
        return values;
    }

    private static Parameters attention(long seed, QkNorm norm, int heads, Biases biases, double std) {
        Parameters parameters = Parameters.initialized(MultiHeadAttention.specs("a", WIDTH, heads, norm, biases), DType.F64, seed);
        for (Parameter parameter : parameters.all()) {
            boolean projection = parameter.name().matches("a\\.(query|key)\\.kernel");
            parameter.value().copyFrom(normal(seed, parameter.name(), parameter.shape().size(), projection ? std : 1));
        }
        return parameters;
    }

    private static void scale(NdArray values, double factor) {
        values.copyFrom(Arrays.stream(values.toDoubles()).map(v -> factor * v).toArray());
    }

    /** Unit tokens, unit values and a unit projection: the result is the matrix of weights itself. */
    private static double[] weights(Parameters parameters, QkNorm norm) {
        double[] unit = new double[WIDTH * WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            unit[i * WIDTH + i] = 1;
        }
        parameters.get("a.value.kernel").value().copyFrom(unit);
        parameters.get("a.out.kernel").value().copyFrom(unit);
        try (Scope scope = Scope.open()) {
            Tensor x = Tensor.of(scope, Shape.of(1, WIDTH, WIDTH), unit);
            return new MultiHeadAttention(parameters, "a", 1, norm, Biases.NONE).apply(x, x).toDoubles();
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void qk1LogitsAreBoundedByTheGainsWhateverTheKernels(@ForAll long seed,
            @ForAll @DoubleRange(min = -3, max = 6) double magnitude, @ForAll @DoubleRange(min = 0.05, max = 1) double gain) {
        for (QkNorm norm : List.of(QkNorm.LAYER_NORM, QkNorm.RMS_NORM)) {
            try (Parameters parameters = attention(seed, norm, 1, Biases.NONE, Math.pow(10, magnitude))) {
                scale(parameters.get("a.query_norm.scale").value(), gain);
                double[] gq = parameters.get("a.query_norm.scale").value().toDoubles();
                double[] gk = parameters.get("a.key_norm.scale").value().toDoubles();
                double largest = 0;
                for (int c = 0; c < WIDTH; c++) {
                    largest = Math.max(largest, Math.abs(gq[c] * gk[c]));
                }
                double bound = Math.sqrt(WIDTH) * largest;
                double[] p = weights(parameters, norm);
                for (int i = 0; i < WIDTH; i++) {
                    double[] row = Arrays.copyOfRange(p, i * WIDTH, (i + 1) * WIDTH);
                    assertEquals(1, Arrays.stream(row).sum(), 1e-12);
                    // differences of logits are those of the logarithms of the weights
                    double spread = Math.log(Arrays.stream(row).max().orElseThrow() / Arrays.stream(row).min().orElseThrow());
                    assertTrue(spread <= 2 * bound + 1e-9, spread + " above 2 * " + bound);
                    double entropy = -Arrays.stream(row).map(w -> w * Math.log(w)).sum();
                    assertTrue(entropy >= Math.log(WIDTH) - 2 * bound - 1e-9, entropy + " for the bound " + bound);
                }
            }
        }
    }

    /** The kernels are large from the start, so that the epsilon of the norms is nothing beside the variance. */
    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void qk2TheScaleOfTheKernelsIsWithoutEffect(@ForAll long seed, @ForAll @DoubleRange(min = -1, max = 3) double magnitude,
            @ForAll @IntRange(min = 1, max = 2) int heads) {
        double factor = Math.pow(10, magnitude);
        for (QkNorm norm : List.of(QkNorm.LAYER_NORM, QkNorm.RMS_NORM)) {
            for (String kernel : List.of("a.query.kernel", "a.key.kernel")) {
                try (Parameters parameters = attention(seed, norm, heads, Biases.NONE, 1e4)) {
                    NdArray w = parameters.get(kernel).value();
                    double[] before = attend(parameters, norm, heads, seed);
                    assertEquals(0, cosineWithGradient(parameters, norm, heads, seed, kernel), 1e-6);
                    scale(w, factor);
                    assertArrayEquals(before, attend(parameters, norm, heads, seed), 1e-8);
                }
            }
        }
    }

    private static Tensor tokens(long seed) {
        return Tensor.of(Scope.current(), Shape.of(2, 5, WIDTH), normal(seed, "tokens", 2 * 5 * WIDTH, 1));
    }

    private static double[] attend(Parameters parameters, QkNorm norm, int heads, long seed) {
        try (Scope _ = Scope.open()) {
            Tensor x = tokens(seed);
            return new MultiHeadAttention(parameters, "a", heads, norm, Biases.NONE).apply(x, x).toDoubles();
        }
    }

    /** W . dL/dW over the product of their lengths. */
    private static double cosineWithGradient(Parameters parameters, QkNorm norm, int heads, long seed, String kernel) {
        try (Tape tape = Tape.record()) {
            Tensor x = tokens(seed);
            Tensor y = new MultiHeadAttention(parameters, "a", heads, norm, Biases.NONE).apply(x, x);
            NdArray dy = NdArray.of(Scope.current(), y.shape(), normal(seed, "dy", y.shape().size(), 1));
            Gradients gradients = tape.gradients(List.of(y), List.of(dy));
            double[] g = gradients.of(parameters.get(kernel)).toDoubles();
            double[] w = parameters.get(kernel).value().toDoubles();
            double dot = 0;
            for (int i = 0; i < g.length; i++) {
                dot += g[i] * w[i];
            }
            return dot / Math.sqrt(squares(g) * squares(w));
        }
    }

    private static double squares(double[] values) {
        return Arrays.stream(values).map(v -> v * v).sum();
    }
}

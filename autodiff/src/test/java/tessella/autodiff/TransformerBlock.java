package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** A pre-norm transformer block with dropout of a quarter of its attention's output, and stacks of such blocks. */
final class TransformerBlock {
    final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Random dropout;

    TransformerBlock(Scope scope, DType dtype, int index, int width) {
        dropout = Random.of(5, "blocks." + index + ".dropout");
        add(scope, dtype, index, "gain", width);
        add(scope, dtype, index, "qkv", width, 3L * width);
        add(scope, dtype, index, "out", width, width);
        add(scope, dtype, index, "in", width, 4L * width);
        add(scope, dtype, index, "bias", 4L * width);
        add(scope, dtype, index, "down", 4L * width, width);
    }

    private void add(Scope scope, DType dtype, int index, String name, long... dims) {
        Shape shape = Shape.of(dims);
        Random random = Random.of(index, name);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, i -> random.normal(i) / Math.sqrt(dims[0]));
        NdArray value = NdArray.empty(scope, dtype, shape);
        value.copyFrom(values);
        parameters.put(name, new Parameter(index + "." + name, value));
    }

    private Tensor p(String name) {
        return parameters.get(name).tensor();
    }

    /** Zeros and 4/3, drawn anew in each run from keys of (step, example, element). */
    private Tensor mask(Shape shape, DType dtype, long step) {
        int each = (int) (shape.size() / shape.dim(0));
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, i -> dropout.at(step, i / each).uniform(i % each) < 0.25 ? 0 : 4 / 3.0);
        NdArray mask = NdArray.empty(Scope.current(), dtype, shape);
        mask.copyFrom(values);
        return Tensor.of(mask);
    }

    Tensor apply(Tensor x) {                                                        // [b, n, d]
        long b = x.dim(0);
        long n = x.dim(1);
        long d = x.dim(2);
        Tensor qkv = LinearAlgebra.linear(Norms.layerNorm(x, p("gain"), null, 1e-6), p("qkv"), null);
        Tensor heads = Shapes.reshape(qkv, b, n, 6, d / 2);
        Tensor o = Attention.attention(Shapes.slice(heads, 2, 0, 2), Shapes.slice(heads, 2, 2, 4),
                Shapes.slice(heads, 2, 4, 6), 0.3);
        Tensor mixed = LinearAlgebra.linear(Shapes.reshape(o, b, n, d), p("out"), null);
        Tensor y = Elementwise.add(x, Elementwise.mul(mixed, mask(mixed.shape(), x.dtype(), 7)));
        Tensor hidden = Elementwise.gelu(LinearAlgebra.linear(Norms.layerNorm(y, p("gain"), null, 1e-6), p("in"), p("bias")));
        return Elementwise.add(y, LinearAlgebra.linear(hidden, p("down"), null));
    }

    /** How a block is run. */
    interface Way extends BiFunction<Tensor, UnaryOperator<Tensor>, Tensor> {}

    static final Way PLAIN = (x, block) -> block.apply(x);
    static final Way CHECKPOINT = Tape::checkpoint;
    /** A checkpoint of two checkpoints, the second of nothing. */
    static final Way NESTED = (x, block) -> Tape.checkpoint(x,
            t -> Tape.checkpoint(Tape.checkpoint(t, block), u -> Elementwise.scale(u, 1)));

    static List<TransformerBlock> blocks(Scope scope, DType dtype, int depth, int width) {
        List<TransformerBlock> out = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            out.add(new TransformerBlock(scope, dtype, i, width));
        }
        return out;
    }

    static Tensor input(DType dtype, long seed, long... dims) {
        Random random = Random.of(seed, "input");
        double[] values = new double[(int) Shape.of(dims).size()];
        Arrays.setAll(values, random::normal);
        NdArray x = NdArray.empty(Scope.current(), dtype, Shape.of(dims));
        x.copyFrom(values);
        return Tensor.of(x);
    }

    /** Loss and gradients of a stack of blocks, by name. */
    static Map<String, double[]> results(List<TransformerBlock> blocks, DType dtype, long seed, Way way, long... dims) {
        Map<String, double[]> out = new LinkedHashMap<>();
        try (Tape tape = Tape.record()) {
            Tensor input = tape.watch(input(dtype, seed, dims));
            Tensor x = input;
            for (TransformerBlock block : blocks) {
                x = way.apply(x, block::apply);
            }
            Tensor loss = Reductions.sum(Elementwise.mul(x, x)).keep();
            Gradients gradients = tape.gradients(loss);
            out.put("loss", loss.toDoubles());
            out.put("input", gradients.of(input).toDoubles());
            for (TransformerBlock block : blocks) {
                for (Parameter parameter : block.parameters.values()) {
                    NdArray gradient = gradients.of(parameter);
                    out.put(parameter.name(), gradient == null ? null : gradient.toDoubles());
                }
            }
        }
        return out;
    }

    static void requireSame(Map<String, double[]> expected, Map<String, double[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }
}

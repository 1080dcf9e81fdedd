package tessella.bench;

import java.util.function.Function;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Shape;

/** Elementwise operators: one operation an element is counted, whatever the function, so memory binds them all on paper. */
public class PointwiseBenchmark extends EngineBenchmark {
    /** What is computed of x and, if there are two operands, of b. */
    public enum Op {
        /** x + b. */
        ADD(Pointwise.Binary.ADD),
        /** x b. */
        MUL(Pointwise.Binary.MUL),
        /** x + a row that is added to all rows. */
        BIAS(of -> Pointwise.apply(Pointwise.Binary.ADD, of.x, of.row), of -> of.row),
        /** e^x. */
        EXP(Pointwise.Unary.EXP),
        /** tanh x. */
        TANH(Pointwise.Unary.TANH),
        /** 1 / (1 + e^-x). */
        SIGMOID(Pointwise.Unary.SIGMOID),
        /** x / (1 + e^-x). */
        SILU(Pointwise.Unary.SILU),
        /** GELU by tanh. */
        GELU(Pointwise.Unary.GELU),
        /** Its gradient, b being the cotangent. */
        GELU_GRADIENT(Pointwise.Binary.GELU_GRADIENT),
        /** GELU by erf. */
        GELU_ERF(Pointwise.Unary.GELU_ERF),
        /** Its gradient, b being the cotangent. */
        GELU_ERF_GRADIENT(Pointwise.Binary.GELU_ERF_GRADIENT);

        private final Function<PointwiseBenchmark, NdArray> apply;
        /** The second operand, or null. */
        private final Function<PointwiseBenchmark, NdArray> second;

        Op(Function<PointwiseBenchmark, NdArray> apply, Function<PointwiseBenchmark, NdArray> second) {
            this.apply = apply;
            this.second = second;
        }

        Op(Pointwise.Unary op) {
            this(of -> Pointwise.apply(op, of.x), null);
        }

        Op(Pointwise.Binary op) {
            this(of -> Pointwise.apply(op, of.x, of.b), of -> of.b);
        }
    }

    /** The operator. */
    @Param({"ADD", "BIAS", "MUL", "EXP", "TANH", "SIGMOID", "SILU", "GELU", "GELU_GRADIENT", "GELU_ERF", "GELU_ERF_GRADIENT"})
    public Op op;

    /** Rows x width: the tokens of ViT-B, and the hidden layer of its MLP on one picture and on 8. */
    @Param({"197x768", "197x3072", "1576x3072"})
    public String shape;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    NdArray b;
    NdArray row;
    private Cost cost;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "197x768");
        x = normal("x", dtype, extents);
        b = normal("b", dtype, extents);
        row = normal("row", dtype, extents.axes(1, 2));
        cost = op.second == null ? Cost.of(x.size(), x, x) : Cost.of(x.size(), x, op.second.apply(this), x);
    }

    /** The operator, once. */
    @Benchmark
    public double apply(Counters counters) {
        return measure(counters, cost, () -> op.apply.apply(this));
    }
}

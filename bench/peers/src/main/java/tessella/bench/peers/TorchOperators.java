package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;

/** Programs of single operators. Without a gradient they write into memory of their own where the operator can. */
final class TorchOperators {
    private static final String EPS = "1e-06";

    private TorchOperators() {}

    /** One product; a transposed operand is a view, whose order of memory the product is told. */
    static TorchScript gemm(Work.Gemm work) {
        TorchScript script = new TorchScript(TorchScript.Execution.INFERENCE);
        Operands operands = Operands.of(work);
        String a = script.tensor("a", Values.of(operands.a()), sizes(work.m(), work.k()),
                work.form() == Work.Form.A_TRANSPOSED ? sizes(1, work.m()) : sizes(work.k(), 1));
        String b = script.tensor("b", Values.of(operands.b()), sizes(work.k(), work.n()),
                work.form() == Work.Form.B_TRANSPOSED ? sizes(1, work.k()) : sizes(work.n(), 1));
        String c = script.prepared("c", "torch.full([" + work.m() + ", " + work.n() + "], 0.)");
        script.results(script.let("torch.mm(" + a + ", " + b + ", out=" + c + ")"));
        return script;
    }

    private static long[] sizes(long... sizes) {
        return sizes;
    }

    /** Scaled dot-product attention; heads are views of the rows of a linear layer, as in models. */
    static TorchScript attention(Work.Attention work) {
        TorchScript script = new TorchScript(TorchScript.execution(work.direction()));
        List<String> operands = new ArrayList<>();
        for (String name : List.of("q", "k", "v")) {
            operands.add(heads(script, work, name, work.direction()));
        }
        String o = script.let("torch.scaled_dot_product_attention(" + String.join(", ", operands) + ")");
        List<String> results = new ArrayList<>(List.of(o));
        if (work.direction() == Direction.FORWARD_BACKWARD) {
            results.addAll(script.gradients(o, heads(script, work, "do", Direction.FORWARD), operands));
        }
        script.results(results.stream().map(result -> "torch.transpose(" + result + ", 1, 2)").toList());
        return script;
    }

    /** A tensor [batch, heads, n, d] whose memory is [batch, n, heads, d]. */
    private static String heads(TorchScript script, Work.Attention work, String name, Direction direction) {
        Values values = Values.of(Data.normal(name, work.batch(), work.n(), work.heads(), work.d()));
        long row = (long) work.heads() * work.d();
        long[] sizes = sizes(work.batch(), work.heads(), work.n(), work.d());
        long[] strides = sizes(work.n() * row, work.d(), row, 1);
        return direction == Direction.FORWARD ? script.tensor("x_" + name, values, sizes, strides)
                : script.learned("x_" + name, values, sizes, strides);
    }

    /** An operator on rows. */
    static TorchScript rows(Work.Rows work) {
        return work.direction() == Direction.FORWARD ? rowsForward(work) : rowsRecorded(work);
    }

    private static TorchScript rowsForward(Work.Rows work) {
        TorchScript script = new TorchScript(TorchScript.execution(Direction.FORWARD));
        String x = script.tensor("x", Data.normal("x", work.rows(), work.n()), work.rows(), work.n());
        String to = script.prepared("y", "torch.empty_like(self.x)");
        script.results(switch (work.operator()) {
            case EXP -> script.let("torch.exp(" + x + ", out=" + to + ")");
            case SOFTMAX -> script.let("torch._softmax(" + x + ", 1, False, out=" + to + ")");
            case LAYER_NORM -> script.let(layerNorm(work, x, vector(script, work, "scale"), vector(script, work, "bias")));
            case GELU -> script.let("torch.gelu(" + x + ", approximate=\"tanh\", out=" + to + ")");
            case BIAS_GELU -> {
                String sum = script.let("torch.add(" + x + ", " + vector(script, work, "bias") + ", out=" + to + ")");
                yield script.let("torch.gelu_(" + sum + ", approximate=\"tanh\")");
            }
            case RESIDUAL_ADD -> {
                String other = script.tensor("other", Data.normal("other", work.rows(), work.n()), work.rows(), work.n());
                yield script.let("torch.add(" + x + ", " + other + ", out=" + to + ")");
            }
            case CROSS_ENTROPY -> script.let("torch.cross_entropy_loss(" + x + ", " + labels(script, work.rows(), work.n()) + ")");
        });
        return script;
    }

    private static TorchScript rowsRecorded(Work.Rows work) {
        TorchScript script = new TorchScript(TorchScript.execution(Direction.FORWARD_BACKWARD));
        List<String> operands = new ArrayList<>();
        String x = script.learned("x", Values.of(Data.normal("x", work.rows(), work.n())), work.rows(), work.n());
        operands.add(x);
        String y = script.let(switch (work.operator()) {
            case EXP -> "torch.exp(" + x + ")";
            case SOFTMAX -> "torch.softmax(" + x + ", 1)";
            case LAYER_NORM -> {
                operands.add(learnedVector(script, work, "scale"));
                operands.add(learnedVector(script, work, "bias"));
                yield layerNorm(work, x, operands.get(1), operands.get(2));
            }
            case GELU -> "torch.gelu(" + x + ", approximate=\"tanh\")";
            case BIAS_GELU -> {
                operands.add(learnedVector(script, work, "bias"));
                yield "torch.gelu(torch.add(" + x + ", " + operands.get(1) + "), approximate=\"tanh\")";
            }
            case RESIDUAL_ADD -> {
                operands.add(script.learned("other", Values.of(Data.normal("other", work.rows(), work.n())), work.rows(), work.n()));
                yield "torch.add(" + x + ", " + operands.get(1) + ")";
            }
            case CROSS_ENTROPY -> "torch.cross_entropy_loss(" + x + ", " + labels(script, work.rows(), work.n()) + ")";
        });
        String dy = work.operator() == Work.RowOperator.CROSS_ENTROPY ? null
                : script.tensor("dy", Data.normal("dy", work.rows(), work.n()), work.rows(), work.n());
        List<String> results = new ArrayList<>(List.of(y));
        results.addAll(script.gradients(y, dy, operands));
        script.results(results);
        return script;
    }

    private static String layerNorm(Work.Rows work, String x, String scale, String bias) {
        return "torch.layer_norm(" + x + ", [" + work.n() + "], " + scale + ", " + bias + ", " + EPS + ")";
    }

    private static String vector(TorchScript script, Work.Rows work, String name) {
        return script.tensor(name, Data.normal(name, work.n()), work.n());
    }

    private static String learnedVector(TorchScript script, Work.Rows work, String name) {
        return script.learned(name, Values.of(Data.normal(name, work.n())), work.n());
    }

    /** Labels that go round. */
    static String labels(TorchScript script, int count, int classes) {
        long[] labels = new long[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % classes;
        }
        return script.integers("labels", labels);
    }
}

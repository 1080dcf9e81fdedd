package tessella.golden;

import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import tessella.autodiff.Elementwise;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Norms;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;
import tessella.reference.Attributes;

/** Products, elementwise functions, softmax, norms and reductions. */
final class OperatorAdapters {
    private OperatorAdapters() {}

    static Map<String, Adapter> all() {
        return Map.ofEntries(
                Map.entry("matmul", OperatorAdapters::matmul),
                Map.entry("batched_matmul", OperatorAdapters::matmul),
                Map.entry("bias_add", c -> c.out("y", Elementwise.add(c.in("x"), c.param("bias")))),
                Map.entry("linear", OperatorAdapters::linear),
                Map.entry("einsum", OperatorAdapters::einsum),
                Map.entry("add", binary(Elementwise::add)),
                Map.entry("sub", binary(Elementwise::sub)),
                Map.entry("mul", binary(Elementwise::mul)),
                Map.entry("div", binary(Elementwise::div)),
                Map.entry("neg", unary(Elementwise::neg)),
                Map.entry("exp", unary(Elementwise::exp)),
                Map.entry("reciprocal", unary(Elementwise::reciprocal)),
                Map.entry("gelu_tanh", unary(Elementwise::gelu)),
                Map.entry("softmax", c -> c.out("y", Softmax.softmax(c.in("x"), c.attrs().integers("axes")))),
                Map.entry("layer_norm", c -> c.out("y", Norms.layerNorm(c.in("x"), c.paramOrNull("scale"),
                        c.paramOrNull("bias"), c.attrs().real("eps")))),
                Map.entry("l2_normalize", c -> c.out("y",
                        Norms.l2Normalize(c.in("x"), c.attrs().integer("axis"), c.attrs().real("eps")))),
                Map.entry("reduce_sum", c -> c.out("y", kept(c, Reductions.sum(c.in("x"), axes(c))))),
                Map.entry("reduce_mean", c -> c.out("y", kept(c, Reductions.mean(c.in("x"), axes(c))))));
    }

    private static void matmul(Case c) {
        c.out("y", LinearAlgebra.matmul(transposed(c.in("a"), c.attrs().flag("transpose_a")),
                transposed(c.in("b"), c.attrs().flag("transpose_b"))));
    }

    private static void linear(Case c) {
        Tensor weight = transposed(c.param("weight"), c.attrs().text("weight_layout").equals("out,in"));
        c.out("y", LinearAlgebra.linear(c.in("x"), weight, c.paramOrNull("bias")));
    }

    private static void einsum(Case c) {
        Attributes attrs = c.attrs();
        List<Tensor> operands = attrs.texts("operands").stream().map(c::in).toList();
        c.out("y", LinearAlgebra.einsum(attrs.text("equation"), operands.toArray(Tensor[]::new)));
    }

    private static Adapter binary(BinaryOperator<Tensor> f) {
        return c -> c.out("y", f.apply(c.in("a"), c.in("b")));
    }

    private static Adapter unary(UnaryOperator<Tensor> f) {
        return c -> c.out("y", f.apply(c.in("x")));
    }

    private static int[] axes(Case c) {
        return c.attrs().integers("axes");
    }

    /** The reduced tensor in the shape that the file stores: with or without the reduced axes. */
    private static Tensor kept(Case c, Tensor y) {
        return c.attrs().flag("keepdims") ? Shapes.reshape(y, Case.dims(c.file().tensor("out.y").shape())) : y;
    }

    private static Tensor transposed(Tensor x, boolean wanted) {
        if (!wanted) {
            return x;
        }
        int rank = x.shape().rank();
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i;
        }
        order[rank - 1] = rank - 2;
        order[rank - 2] = rank - 1;
        return Shapes.permute(x, order);
    }
}

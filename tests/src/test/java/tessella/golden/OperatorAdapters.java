package tessella.golden;

import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Indexing;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Norms;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;
import tessella.models.patchmerger.PatchMerger;
import tessella.reference.Attributes;

/** Products, elementwise functions, softmax, norms and reductions. */
final class OperatorAdapters {
    private OperatorAdapters() {}

    static Map<String, Adapter> all() {
        Adapter patchMerger = OperatorAdapters::patchMerger;
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
                Map.entry("maximum", binary(Elementwise::max)),
                Map.entry("minimum", binary(Elementwise::min)),
                Map.entry("gated_gelu", binary(Elementwise::gatedGelu)),
                Map.entry("where", c -> c.out("y", Elementwise.where(c.mask("c"), c.in("a"), c.in("b")))),
                Map.entry("pow", OperatorAdapters::pow),
                Map.entry("abs", unary(Elementwise::abs)),
                Map.entry("neg", unary(Elementwise::neg)),
                Map.entry("exp", unary(Elementwise::exp)),
                Map.entry("expm1", unary(Elementwise::expm1)),
                Map.entry("log", unary(Elementwise::log)),
                Map.entry("log1p", unary(Elementwise::log1p)),
                Map.entry("sqrt", unary(Elementwise::sqrt)),
                Map.entry("rsqrt", unary(Elementwise::rsqrt)),
                Map.entry("square", unary(Elementwise::square)),
                Map.entry("reciprocal", unary(Elementwise::reciprocal)),
                Map.entry("sin", unary(Elementwise::sin)),
                Map.entry("cos", unary(Elementwise::cos)),
                Map.entry("tanh", unary(Elementwise::tanh)),
                Map.entry("erf", unary(Elementwise::erf)),
                Map.entry("sigmoid", unary(Elementwise::sigmoid)),
                Map.entry("log_sigmoid", unary(Elementwise::logSigmoid)),
                Map.entry("softplus", unary(Elementwise::softplus)),
                Map.entry("silu", unary(Elementwise::silu)),
                Map.entry("relu", unary(Elementwise::relu)),
                Map.entry("gelu_tanh", unary(Elementwise::gelu)),
                Map.entry("gelu_erf", unary(Elementwise::geluErf)),
                Map.entry("masked_softmax", c -> c.out("y", Softmax.maskedSoftmax(c.in("x"), c.mask("mask"), axes(c)))),
                Map.entry("log_softmax", c -> c.out("y", Softmax.logSoftmax(c.in("x"), axes(c)))),
                Map.entry("logsumexp", c -> c.out("y", kept(c, Softmax.logSumExp(c.in("x"), axes(c))))),
                Map.entry("rms_norm", OperatorAdapters::rmsNorm),
                Map.entry("patch_merger", patchMerger.without("weights")),
                Map.entry("reduce_max", c -> c.out("y", kept(c, Reductions.max(c.in("x"), axes(c))))),
                Map.entry("reduce_min", c -> c.out("y", kept(c, Reductions.min(c.in("x"), axes(c))))),
                Map.entry("reduce_var", c -> c.out("y", kept(c, Reductions.variance(c.in("x"), c.attrs().real("correction"),
                        axes(c))))),
                Map.entry("cumsum", c -> c.out("y", Reductions.cumulativeSum(c.in("x"), c.attrs().integer("axis")))),
                Map.entry("argmax", c -> c.out("y", c.indices("y", Reductions.argmax(c.in("x"), c.attrs().integer("axis"))))),
                Map.entry("topk", OperatorAdapters::topK),
                Map.entry("softmax", c -> c.out("y", Softmax.softmax(c.in("x"), c.attrs().integers("axes")))),
                Map.entry("layer_norm", OperatorAdapters::layerNorm),
                Map.entry("l2_normalize", c -> c.out("y",
                        Norms.l2Normalize(c.in("x"), c.attrs().integer("axis"), c.attrs().real("eps")))),
                Map.entry("reduce_sum", c -> c.out("y", kept(c, Reductions.sum(c.in("x"), axes(c))))),
                Map.entry("reduce_mean", c -> c.out("y", kept(c, Reductions.mean(c.in("x"), axes(c))))));
    }

    private static void patchMerger(Case c) {
        c.needs("weights", c.file().has("out.attention"));
        c.out("y", PatchMerger.merge(c.in("x"), c.param("w"), c.param("scale"), c.param("bias"), c.attrs().real("scale"),
                c.attrs().real("eps")));
    }

    private static void matmul(Case c) {
        c.out("y", LinearAlgebra.matmul(transposed(c.in("a"), c.attrs().flag("transpose_a")),
                transposed(c.in("b"), c.attrs().flag("transpose_b"))));
    }

    private static void linear(Case c) {
        Tensor weight = transposed(c.param("weight"), c.attrs().text("weight_layout").equals("out,in"));
        c.out("y", LinearAlgebra.linear(c.in("x"), weight, c.paramOrNull("bias")));
    }

    private static void pow(Case c) {
        c.out("y", c.attrs().isNumber("exponent") ? Elementwise.pow(c.in("x"), c.attrs().real("exponent"))
                : Elementwise.pow(c.in("x"), c.in("e")));
    }

    /** A gain or bias of more axes than the normalised one multiplies the plain norm, broadcast. */
    private static void layerNorm(Case c) {
        double eps = c.attrs().real("eps");
        Tensor scale = c.paramOrNull("scale");
        Tensor bias = c.paramOrNull("bias");
        if (scale != null && scale.shape().rank() == 1) {
            c.out("y", Norms.layerNorm(c.in("x"), c.attrs().integer("axis"), scale, bias, eps));
            return;
        }
        Tensor y = Norms.layerNorm(c.in("x"), c.attrs().integer("axis"), null, null, eps);
        y = scale == null ? y : Elementwise.mul(y, scale);
        c.out("y", bias == null ? y : Elementwise.add(y, bias));
    }

    private static void rmsNorm(Case c) {
        double eps = c.attrs().real("eps");
        Tensor scale = c.paramOrNull("scale");
        boolean plain = scale == null || scale.shape().rank() == 1;
        Tensor y = Norms.rmsNorm(c.in("x"), c.attrs().integer("axis"), plain ? scale : null, eps);
        c.out("y", plain ? y : Elementwise.mul(y, scale));
    }

    private static void topK(Case c) {
        Indexing.TopK top = Indexing.topK(c.in("x"), c.attrs().integer("k"));
        c.out("values", top.values());
        c.out("indices", c.indices("indices", top.indices()));
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

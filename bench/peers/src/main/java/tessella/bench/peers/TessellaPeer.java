package tessella.bench.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import tessella.autodiff.Attention;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Norms;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.bench.peers.TessellaRun.Body;
import tessella.engine.DType;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** This library, through its public interface only. */
final class TessellaPeer implements Peer {
    private static final double EPS = 1e-6;

    /** What was drawn for the last work, for others that read the same: the parameters of 196 experts take a minute. */
    private Drawn drawn = new Drawn("", null, () -> {});

    /** Parameters or a model, what they are, and how their memory is returned. */
    private record Drawn(Object key, Object value, Runnable end) {}

    @Override
    public String name() {
        return "Tessella 0.1.0";
    }

    @Override
    public Run prepare(Work work, int threads) {
        if (!drawn.key().equals(key(work))) {
            close();
        }
        return switch (work) {
            case Work.Gemm gemm -> switch (gemm.weights()) {
                case FRESH -> TessellaRun.of(threads, scope -> gemm(gemm, scope));
                case PREPACKED -> TessellaRun.of(threads, scope -> packed(gemm, scope, PackedMatrix.of(scope, right(gemm, scope))));
                case BFLOAT16 -> TessellaRun.of(threads, scope -> packed(gemm, scope, PackedMatrix.bfloat16(scope, right(gemm, scope))));
            };
            case Work.Attention attention -> TessellaRun.of(threads, scope -> attention(attention, scope));
            case Work.Rows rows -> TessellaRun.of(threads, scope -> rows(rows, scope));
            case Work.Adam adam -> TessellaRun.of(threads, scope -> new AdamBody(adam.preset(), scope));
            case Work.Forward forward -> TessellaRun.of(threads, scope -> forward(forward, scope));
            case Work.Step step -> TessellaRun.of(threads, scope -> new StepBody(step, scope));
            case Work.Mixture mixture -> mixture.weights() != Work.Weights.FRESH && mixture.direction() != Direction.FORWARD ? null
                    : TessellaRun.of(threads, scope -> mixture(mixture, scope));
        };
    }

    /** What a work reads and does not change. */
    private static Object key(Work work) {
        return switch (work) {
            case Work.Mixture mixture -> specs(mixture).stream().map(ParameterSpec::shape).toList();
            case Work.Forward forward -> forward.preset();
            default -> "";
        };
    }

    private static NdArray left(Work.Gemm work, Scope scope) {
        float[] a = Operands.of(work).a();
        return work.form() == Work.Form.A_TRANSPOSED ? NdArray.of(scope, Shape.of(work.k(), work.m()), a).transpose()
                : NdArray.of(scope, Shape.of(work.m(), work.k()), a);
    }

    private static NdArray right(Work.Gemm work, Scope scope) {
        float[] b = Operands.of(work).b();
        return work.form() == Work.Form.B_TRANSPOSED ? NdArray.of(scope, Shape.of(work.n(), work.k()), b).transpose()
                : NdArray.of(scope, Shape.of(work.k(), work.n()), b);
    }

    private static Body gemm(Work.Gemm work, Scope scope) {
        NdArray a = left(work, scope);
        NdArray b = right(work, scope);
        return results -> {
            try (Scope _ = Scope.open()) {
                results.accept(MatMul.multiply(a, b));
            }
        };
    }

    /** Weights that were packed once, outside of the time. */
    private static Body packed(Work.Gemm work, Scope scope, PackedMatrix b) {
        NdArray a = left(work, scope);
        return results -> {
            try (Scope _ = Scope.open()) {
                results.accept(MatMul.multiply(a, b));
            }
        };
    }

    private static Body attention(Work.Attention work, Scope scope) {
        long[] dims = {work.batch(), work.n(), work.heads(), work.d()};
        Tensor q = normal(scope, "q", dims);
        Tensor k = normal(scope, "k", dims);
        Tensor v = normal(scope, "v", dims);
        return body(work.direction(), () -> Attention.attention(q, k, v, 1 / Math.sqrt(work.d())), List.of(q, k, v),
                () -> normal(scope, "do", dims).value());
    }

    private static Body rows(Work.Rows work, Scope scope) {
        int n = work.n();
        Tensor x = normal(scope, "x", work.rows(), n);
        List<Tensor> operands = new ArrayList<>(List.of(x));
        Supplier<NdArray> dy = () -> normal(scope, "dy", work.rows(), n).value();
        Supplier<Tensor> operator;
        switch (work.operator()) {
            case EXP -> operator = () -> Elementwise.exp(x);
            case SOFTMAX -> operator = () -> Softmax.softmax(x, 1);
            case LAYER_NORM -> {
                Tensor scale = normal(scope, "scale", n);
                Tensor bias = normal(scope, "bias", n);
                operands.addAll(List.of(scale, bias));
                operator = () -> Norms.layerNorm(x, scale, bias, EPS);
            }
            case GELU -> operator = () -> Elementwise.gelu(x);
            case BIAS_GELU -> {
                Tensor bias = normal(scope, "bias", n);
                operands.add(bias);
                operator = () -> Elementwise.gelu(Elementwise.add(x, bias));
            }
            case RESIDUAL_ADD -> {
                Tensor other = normal(scope, "other", work.rows(), n);
                operands.add(other);
                operator = () -> Elementwise.add(x, other);
            }
            case CROSS_ENTROPY -> {
                int[] labels = labels(work.rows(), n);
                operator = () -> Reductions.mean(Losses.softmaxCrossEntropy(x, labels, 0));
                dy = () -> NdArray.full(scope, DType.F32, Shape.of(), 1);
            }
            default -> throw new IllegalStateException(work.name());
        }
        return body(work.direction(), operator, operands, dy);
    }

    private static SoftMoeConfig config(Work.Mixture work) {
        return new SoftMoeConfig(work.experts(), work.slots(), 1);
    }

    private static List<ParameterSpec> specs(Work.Mixture work) {
        return SoftMoe.specs("moe", work.width(), work.hidden(), config(work));
    }

    private Body mixture(Work.Mixture work, Scope scope) {
        long[] dims = {work.batch(), work.tokens(), work.width()};
        Tensor x = normal(scope, "x", dims);
        if (!(drawn.value() instanceof Parameters)) {
            Parameters fresh = Parameters.initialized(specs(work), DType.F32, 1);
            drawn = new Drawn(key(work), fresh, fresh::close);
        }
        Parameters parameters = (Parameters) drawn.value();
        if (work.weights() != Work.Weights.FRESH) {
            return new PackedMixture(x, parameters, "moe", config(work),
                    work.weights() == Work.Weights.BFLOAT16 ? PackedMatrix::bfloat16 : PackedMatrix::of, scope);
        }
        SoftMoe layer = new SoftMoe(parameters, "moe", config(work));
        List<Tensor> operands = new ArrayList<>(List.of(x));
        parameters.all().stream().map(Parameter::tensor).forEach(operands::add);
        return body(work.direction(), () -> layer.apply(x, Observer.NONE), operands, () -> normal(scope, "dy", dims).value());
    }

    private Body forward(Work.Forward work, Scope scope) {
        if (!(drawn.value() instanceof VisionTransformer)) {
            VisionTransformer fresh = Models.model(work.preset());
            fresh.pack();
            drawn = new Drawn(key(work), fresh, fresh::close);
        }
        VisionTransformer model = (VisionTransformer) drawn.value();
        Tensor images = images(scope, model.config(), work.batch());
        return results -> {
            try (Scope _ = Scope.open()) {
                results.accept(model.logits(images).value());
            }
        };
    }

    /** An operator, and its gradient if that is asked for: of all operands, by a tape. */
    private static Body body(Direction direction, Supplier<Tensor> operator, List<Tensor> operands, Supplier<NdArray> cotangent) {
        if (direction == Direction.FORWARD) {
            return results -> {
                try (Scope _ = Scope.open()) {
                    results.accept(operator.get().value());
                }
            };
        }
        NdArray dy = cotangent.get();
        return results -> {
            try (Tape tape = Tape.record()) {
                operands.forEach(tape::watch);
                Tensor y = operator.get();
                results.accept(y.value());
                Gradients gradients = tape.gradients(List.of(y), List.of(dy));
                operands.forEach(operand -> results.accept(gradients.of(operand)));
            }
        };
    }

    private static Tensor normal(Scope scope, String name, long... dims) {
        return Tensor.of(scope, Shape.of(dims), Data.normal(name, dims));
    }

    static Tensor images(Scope scope, VitConfig config, int batch) {
        return normal(scope, "images", batch, config.height(), config.width(), config.channels());
    }

    static int[] labels(int count, int classes) {
        int[] labels = new int[count];
        Arrays.setAll(labels, i -> i % classes);
        return labels;
    }

    /** Returns what was drawn. */
    @Override
    public void close() {
        drawn.end().run();
        drawn = new Drawn("", null, () -> {});
    }
}

package tessella.models.nn;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Attention;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.engine.AttentionMask;
import tessella.engine.Shape;

/** Multi-head attention: y = concat over heads of softmax(q k^T / sqrt(d)) v, times W_o, plus b_o. */
public final class MultiHeadAttention {
    private static final List<String> PROJECTIONS = List.of("query", "key", "value", "out");

    private final int heads;
    private final QkNorm qkNorm;
    private final Dense query;
    private final Dense key;
    private final Dense value;
    private final Dense out;
    private final Tensor queryScale;
    private final Tensor keyScale;

    /** The layer whose parameters start with prefix, all projections with biases. */
    public MultiHeadAttention(Parameters parameters, String prefix, int heads, QkNorm qkNorm) {
        this(parameters, prefix, heads, qkNorm, Biases.ALL);
    }

    /** The layer whose parameters start with prefix. */
    public MultiHeadAttention(Parameters parameters, String prefix, int heads, QkNorm qkNorm, Biases biases) {
        this.heads = heads;
        this.qkNorm = qkNorm;
        query = projection(parameters, prefix + ".query", biases);
        key = projection(parameters, prefix + ".key", biases);
        value = projection(parameters, prefix + ".value", biases);
        out = projection(parameters, prefix + ".out", biases);
        queryScale = qkNorm == QkNorm.NONE ? null : parameters.get(prefix + ".query_norm.scale").tensor();
        keyScale = qkNorm == QkNorm.NONE ? null : parameters.get(prefix + ".key_norm.scale").tensor();
    }

    private static Dense projection(Parameters parameters, String prefix, Biases biases) {
        return biases == Biases.ALL ? new Dense(parameters, prefix) : Dense.withoutBias(parameters, prefix);
    }

    /** {@link #specs(String, long, int, QkNorm, Biases)} with biases. */
    public static List<ParameterSpec> specs(String prefix, long width, int heads, QkNorm qkNorm) {
        return specs(prefix, width, heads, qkNorm, Biases.ALL);
    }

    /** Its parameters: kernels Xavier uniform on [width, width], biases 0, scales of the norms 1. */
    public static List<ParameterSpec> specs(String prefix, long width, int heads, QkNorm qkNorm, Biases biases) {
        List<ParameterSpec> specs = new ArrayList<>();
        for (String name : PROJECTIONS) {
            specs.add(new ParameterSpec(prefix + "." + name + ".kernel", Shape.of(width, width),
                    Initializer.xavierUniform(width, width)));
            if (biases == Biases.ALL) {
                specs.add(new ParameterSpec(prefix + "." + name + ".bias", Shape.of(width), Initializer.constant(0)));
            }
        }
        if (qkNorm != QkNorm.NONE) {
            for (String name : List.of("query_norm", "key_norm")) {
                specs.add(new ParameterSpec(prefix + "." + name + ".scale", Shape.of(width / heads),
                        Initializer.constant(1)));
            }
        }
        return specs;
    }

    /** Queries from x [batch, n, width], keys and values from source [batch, m, width]: [batch, n, width]. */
    public Tensor apply(Tensor x, Tensor source) {
        return apply(x, source, AttentionMask.none());
    }

    /** {@link #apply(Tensor, Tensor)} over the tokens of source that the mask shows to a token of x. */
    public Tensor apply(Tensor x, Tensor source, AttentionMask mask) {
        long width = x.dim(2);
        long d = width / heads;
        Tensor q = qkNorm.apply(split(query.apply(x), d), queryScale);                  // [b, n, heads, d]
        Tensor k = qkNorm.apply(split(key.apply(source), d), keyScale);                 // [b, m, heads, d]
        Tensor v = split(value.apply(source), d);
        Tensor o = Attention.attention(q, k, v, 1 / Math.sqrt(d), mask);                // [b, n, heads, d]
        return out.apply(Shapes.reshape(o, x.dim(0), x.dim(1), width));
    }

    private Tensor split(Tensor x, long d) {
        return Shapes.reshape(x, x.dim(0), x.dim(1), heads, d);
    }
}

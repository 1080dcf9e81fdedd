package tessella.models.vit;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tessella.autodiff.Parameter;
import tessella.engine.Random;
import tessella.engine.Shape;
import tessella.models.nn.Biases;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.reference.Array;
import tessella.reference.MapHeadOracle;
import tessella.reference.VitBlockOracle;

/** The parameters of a model in the words of the oracles, and gradients of the oracles under the names of the model. */
record OracleParameters(Parameters parameters, int heads) {
    /** Random values, a function of seed and name. */
    static double[] normal(long seed, String name, Shape shape) {
        Random random = Random.of(seed, "random " + name);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, random::normal);
        return values;
    }

    /** Gives every parameter, also those that start at 0, random values. */
    static void randomize(Parameters parameters, long seed) {
        for (Parameter parameter : parameters.all()) {
            parameter.value().copyFrom(normal(seed, parameter.name(), parameter.shape()));
        }
    }

    Array get(String name) {
        Parameter parameter = parameters.get(name);
        return Array.of(Arrays.stream(parameter.shape().dims()).mapToInt(Math::toIntExact).toArray(),
                parameter.value().toDoubles());
    }

    VitBlockOracle.Attention attention(String prefix, QkNorm qkNorm, Biases biases) {
        int width = (int) parameters.get(prefix + ".query.kernel").shape().dim(0);
        int d = width / heads;
        return new VitBlockOracle.Attention(get(prefix + ".query.kernel").reshape(width, heads, d),
                bias(prefix + ".query", biases, heads, d),
                get(prefix + ".key.kernel").reshape(width, heads, d), bias(prefix + ".key", biases, heads, d),
                get(prefix + ".value.kernel").reshape(width, heads, d), bias(prefix + ".value", biases, heads, d),
                get(prefix + ".out.kernel").reshape(heads, d, width), bias(prefix + ".out", biases, width),
                qkNorm == QkNorm.NONE ? null : get(prefix + ".query_norm.scale"),
                qkNorm == QkNorm.NONE ? null : get(prefix + ".key_norm.scale"),
                qkNorm == QkNorm.RMS_NORM ? VitBlockOracle.HeadNorm.RMS : VitBlockOracle.HeadNorm.LAYER);
    }

    private Array bias(String prefix, Biases biases, int... shape) {
        return biases == Biases.NONE ? null : get(prefix + ".bias").reshape(shape);
    }

    VitBlockOracle.Norm norm(String prefix) {
        return new VitBlockOracle.Norm(get(prefix + ".scale"), get(prefix + ".bias"));
    }

    VitBlockOracle.Mlp mlp(String prefix) {
        return new VitBlockOracle.Mlp(get(prefix + ".in.kernel"), get(prefix + ".in.bias"), get(prefix + ".out.kernel"),
                get(prefix + ".out.bias"));
    }

    VitBlockOracle.Block sequential(String prefix, QkNorm qkNorm) {
        return new VitBlockOracle.Block(norm(prefix + ".norm1"), attention(prefix + ".attention", qkNorm, Biases.ALL),
                norm(prefix + ".norm2"), mlp(prefix + ".mlp"));
    }

    VitBlockOracle.Parallel parallel(String prefix, QkNorm qkNorm) {
        return new VitBlockOracle.Parallel(get(prefix + ".norm.scale"), attention(prefix + ".attention", qkNorm, Biases.NONE),
                mlp(prefix + ".mlp"));
    }

    MapHeadOracle.Head map(QkNorm qkNorm) {
        return new MapHeadOracle.Head(get("map.probe"), attention("map.attention", qkNorm, Biases.ALL), norm("map.norm"),
                mlp("map.mlp"));
    }

    static Map<String, Array> named(String prefix, VitBlockOracle.Block g) {
        Map<String, Array> out = new LinkedHashMap<>();
        put(out, prefix + ".norm1", g.norm1());
        put(out, prefix + ".attention", g.attention());
        put(out, prefix + ".norm2", g.norm2());
        put(out, prefix + ".mlp", g.mlp());
        return out;
    }

    static Map<String, Array> named(String prefix, VitBlockOracle.Parallel g) {
        Map<String, Array> out = new LinkedHashMap<>();
        out.put(prefix + ".norm.scale", g.gain());
        put(out, prefix + ".attention", g.attention());
        put(out, prefix + ".mlp", g.mlp());
        return out;
    }

    static Map<String, Array> named(MapHeadOracle.Head g) {
        Map<String, Array> out = new LinkedHashMap<>();
        out.put("map.probe", g.probe());
        put(out, "map.attention", g.attention());
        put(out, "map.norm", g.norm());
        put(out, "map.mlp", g.mlp());
        return out;
    }

    private static void put(Map<String, Array> out, String prefix, VitBlockOracle.Norm g) {
        out.put(prefix + ".scale", g.scale());
        out.put(prefix + ".bias", g.bias());
    }

    private static void put(Map<String, Array> out, String prefix, VitBlockOracle.Mlp g) {
        out.put(prefix + ".in.kernel", g.w1());
        out.put(prefix + ".in.bias", g.b1());
        out.put(prefix + ".out.kernel", g.w2());
        out.put(prefix + ".out.bias", g.b2());
    }

    private static void put(Map<String, Array> out, String prefix, VitBlockOracle.Attention g) {
        put(out, prefix + ".query", g.queryKernel(), g.queryBias());
        put(out, prefix + ".key", g.keyKernel(), g.keyBias());
        put(out, prefix + ".value", g.valueKernel(), g.valueBias());
        put(out, prefix + ".out", g.outKernel(), g.outBias());
        if (g.queryGain() != null) {
            out.put(prefix + ".query_norm.scale", g.queryGain());
            out.put(prefix + ".key_norm.scale", g.keyGain());
        }
    }

    private static void put(Map<String, Array> out, String prefix, Array kernel, Array bias) {
        out.put(prefix + ".kernel", kernel);
        if (bias != null) {
            out.put(prefix + ".bias", bias);
        }
    }
}

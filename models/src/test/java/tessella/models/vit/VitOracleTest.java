package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.Comparison;
import tessella.reference.MatmulOracle;
import tessella.reference.NormOracle;
import tessella.reference.PatchOracle;
import tessella.reference.PositionOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ShapeOracle;
import tessella.reference.VitBlockOracle;

/** The logits of a whole dense model against the float64 oracles of its parts, with every parameter random. */
class VitOracleTest {
    private static final int DIM = 8;
    private static final int HEADS = 2;
    private static final double EPS = 1e-6;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Property
    void logitsAreThoseOfTheOracles(@ForAll Position position, @ForAll Head head, @ForAll QkNorm qkNorm, @ForAll long seed) {
        VitConfig config = new VitConfig(6, 8, 2, 2, DIM, 2, 12, HEADS, 5, position, head, qkNorm, 0.25, null);
        try (Scope scope = Scope.open(); VisionTransformer model = VisionTransformer.initialized(config, DType.F64, seed)) {
            for (Parameter parameter : model.parameters().all()) {
                parameter.value().copyFrom(normal(seed, parameter.name(), parameter.shape()));
            }
            Shape shape = Shape.of(2, 6, 8, 2);
            Tensor images = Tensor.of(scope, shape, normal(seed, "images", shape));
            Array expected = new Reference(model).logits(Array.of(new int[] {2, 6, 8, 2}, images.toDoubles()));
            Comparison.of(config.toString(), expected, model.logits(images).toDoubles()).requireWithin(1e-9, 1e-9);
        }
    }

    private static double[] normal(long seed, String name, Shape shape) {
        Random random = Random.of(seed, "random " + name);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, random::normal);
        return values;
    }

    /** The model in the words of the oracles. */
    private record Reference(VisionTransformer model) {
        Array logits(Array images) {
            VitConfig config = model.config();
            Array tokens = linear("embedding", PatchOracle.patchify(images, config.patch(), config.patch()));
            int batch = tokens.dim(0);
            Array table = config.position() == Position.LEARNED ? parameter("position")
                    : PositionOracle.sincos2d(config.gridRows(), config.gridColumns(), DIM, 10_000);
            if (config.head() == Head.CLS) {
                Array one = Array.zeros(batch, 1, DIM).plus(parameter("cls"));
                tokens = ShapeOracle.concat(1, one, tokens);
                table = config.position() == Position.LEARNED ? table
                        : ShapeOracle.concat(0, Array.zeros(1, DIM), table);
            }
            Array x = tokens.plus(table);
            for (int i = 0; i < config.depth(); i++) {
                String block = "blocks." + i;
                x = VitBlockOracle.block(x, new VitBlockOracle.Block(norm(block + ".norm1"), attention(block + ".attention"),
                        norm(block + ".norm2"), mlp(block + ".mlp")));
            }
            Array normed = layerNorm("norm", x);
            Array features = switch (config.head()) {
                case CLS -> ShapeOracle.slice(normed, 1, 0, 1).reshape(batch, DIM);
                case GAP -> ReductionOracle.mean(normed, 1).reshape(batch, DIM);
                case MAP -> pooled(normed).reshape(batch, DIM);
            };
            return linear("head", features);
        }

        private Array pooled(Array tokens) {
            int batch = tokens.dim(0);
            VitBlockOracle.Attention p = attention("map.attention");
            Array queries = Array.zeros(batch, 1, DIM).plus(parameter("map.probe"));
            Array q = gained(split(linear("map.attention.query", queries)), p.queryGain());
            Array k = gained(split(linear("map.attention.key", tokens)), p.keyGain());
            Array v = split(linear("map.attention.value", tokens));
            Array mixed = AttentionOracle.attention(q, k, v, 1 / Math.sqrt(DIM / HEADS)).reshape(batch, 1, DIM);
            Array z = linear("map.attention.out", mixed);
            return z.plus(VitBlockOracle.mlp(layerNorm("map.norm", z), mlp("map.mlp")));
        }

        private static Array split(Array x) {
            return x.reshape(x.dim(0), x.dim(1), HEADS, DIM / HEADS);
        }

        private static Array gained(Array x, Array gain) {
            return gain == null ? x : NormOracle.layerNorm(x, gain, null, EPS);
        }

        private VitBlockOracle.Attention attention(String prefix) {
            int d = DIM / HEADS;
            boolean normed = model.config().qkNorm() != QkNorm.NONE;
            return new VitBlockOracle.Attention(parameter(prefix + ".query.kernel").reshape(DIM, HEADS, d),
                    parameter(prefix + ".query.bias").reshape(HEADS, d),
                    parameter(prefix + ".key.kernel").reshape(DIM, HEADS, d),
                    parameter(prefix + ".key.bias").reshape(HEADS, d),
                    parameter(prefix + ".value.kernel").reshape(DIM, HEADS, d),
                    parameter(prefix + ".value.bias").reshape(HEADS, d),
                    parameter(prefix + ".out.kernel").reshape(HEADS, d, DIM), parameter(prefix + ".out.bias"),
                    normed ? parameter(prefix + ".query_norm.scale") : null,
                    normed ? parameter(prefix + ".key_norm.scale") : null);
        }

        private VitBlockOracle.Norm norm(String prefix) {
            return new VitBlockOracle.Norm(parameter(prefix + ".scale"), parameter(prefix + ".bias"));
        }

        private Array layerNorm(String prefix, Array x) {
            return NormOracle.layerNorm(x, parameter(prefix + ".scale"), parameter(prefix + ".bias"), EPS);
        }

        private VitBlockOracle.Mlp mlp(String prefix) {
            return new VitBlockOracle.Mlp(parameter(prefix + ".in.kernel"), parameter(prefix + ".in.bias"),
                    parameter(prefix + ".out.kernel"), parameter(prefix + ".out.bias"));
        }

        private Array linear(String prefix, Array x) {
            return MatmulOracle.linear(x, parameter(prefix + ".kernel"), parameter(prefix + ".bias"));
        }

        private Array parameter(String name) {
            Parameter parameter = model.parameters().get(name);
            return Array.of(Arrays.stream(parameter.shape().dims()).mapToInt(Math::toIntExact).toArray(),
                    parameter.value().toDoubles());
        }
    }
}

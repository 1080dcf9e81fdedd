package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.reference.Array;
import tessella.reference.Comparison;
import tessella.reference.MapHeadOracle;
import tessella.reference.MatmulOracle;
import tessella.reference.NormOracle;
import tessella.reference.PatchOracle;
import tessella.reference.PositionOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ShapeOracle;
import tessella.reference.VitBlockOracle;

/** The logits and features of a whole dense model against the float64 oracles of its parts, with every parameter random. */
class VitOracleTest {
    private static final int DIM = 8;
    private static final int HEADS = 2;
    private static final double EPS = 1e-6;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Property
    void logitsAreThoseOfTheOracles(@ForAll Position position, @ForAll Head head, @ForAll QkNorm qkNorm, @ForAll BlockForm form,
            @ForAll long seed) {
        VitConfig config = new VitConfig(6, 8, 2, 2, DIM, 2, 12, HEADS, 5, position, head, qkNorm, form, 0.25, null);
        compare(config, seed, (model, images, expected) ->
                requireEqual(config, expected.logits(images), model.logits(images(images))));
    }

    @Property
    void featuresAreThoseOfTheOraclesAndThoseThatAnObserverSees(@ForAll Head head, @ForAll QkNorm qkNorm, @ForAll BlockForm form,
            @ForAll long seed) {
        VitConfig config = new VitConfig(6, 8, 2, 2, DIM, 2, 12, HEADS, 5, Position.LEARNED, head, qkNorm, form, 0.25, null);
        compare(config, seed, (model, images, expected) -> {
            Array features = expected.features(images);
            requireEqual(config, features, model.features(images(images)));
            Map<String, Tensor> seen = new HashMap<>();
            requireEqual(config, expected.logits(images), model.logits(images(images), seen::put));
            requireEqual(config, features, seen.get("features"));
        });
    }

    private interface Check {
        void of(VisionTransformer model, Array images, Reference expected);
    }

    private static void compare(VitConfig config, long seed, Check check) {
        try (Scope _ = Scope.open(); VisionTransformer model = VisionTransformer.initialized(config, DType.F64, seed)) {
            OracleParameters.randomize(model.parameters(), seed);
            Array images = Array.of(new int[] {2, 6, 8, 2}, OracleParameters.normal(seed, "images", Shape.of(2, 6, 8, 2)));
            check.of(model, images, new Reference(config, new OracleParameters(model.parameters(), HEADS)));
        }
    }

    private static Tensor images(Array images) {
        return Tensor.of(Scope.current(), Shape.of(2, 6, 8, 2), images.data().clone());
    }

    private static void requireEqual(VitConfig config, Array expected, Tensor found) {
        Comparison.of(config.toString(), expected, found.toDoubles()).requireWithin(1e-9, 1e-9);
    }

    /** The model in the words of the oracles. */
    private record Reference(VitConfig config, OracleParameters of) {
        Array logits(Array images) {
            return linear("head", features(images));
        }

        Array features(Array images) {
            Array tokens = linear("embedding", PatchOracle.patchify(images, config.patch(), config.patch()));
            int batch = tokens.dim(0);
            Array table = config.position() == Position.LEARNED ? of.get("position")
                    : PositionOracle.sincos2d(config.gridRows(), config.gridColumns(), DIM, 10_000);
            if (config.head() == Head.CLS) {
                Array one = Array.zeros(batch, 1, DIM).plus(of.get("cls"));
                tokens = ShapeOracle.concat(1, one, tokens);
                table = config.position() == Position.LEARNED ? table
                        : ShapeOracle.concat(0, Array.zeros(1, DIM), table);
            }
            Array x = tokens.plus(table);
            for (int i = 0; i < config.depth(); i++) {
                String block = "blocks." + i;
                x = switch (config.form()) {
                    case SEQUENTIAL -> VitBlockOracle.block(x, of.sequential(block, config.qkNorm()));
                    case PARALLEL -> VitBlockOracle.parallel(x, of.parallel(block, config.qkNorm()));
                };
            }
            Array normed = switch (config.form()) {
                case SEQUENTIAL -> NormOracle.layerNorm(x, of.get("norm.scale"), of.get("norm.bias"), EPS);
                case PARALLEL -> NormOracle.rmsNorm(x, -1, of.get("norm.scale"), EPS);
            };
            return switch (config.head()) {
                case CLS -> ShapeOracle.slice(normed, 1, 0, 1).reshape(batch, DIM);
                case GAP -> ReductionOracle.mean(normed, 1).reshape(batch, DIM);
                case MAP -> MapHeadOracle.pool(normed,
                        of.map(config.form() == BlockForm.PARALLEL ? QkNorm.NONE : config.qkNorm()));
            };
        }

        private Array linear(String prefix, Array x) {
            return MatmulOracle.linear(x, of.get(prefix + ".kernel"), of.get(prefix + ".bias"));
        }
    }
}

package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.reference.Array;
import tessella.reference.Comparison;
import tessella.reference.MapHeadOracle;
import tessella.reference.VitBlockOracle;

/** Blocks of both forms and the attention pooling head, and all their gradients, against their float64 oracles. */
class BlockOracleTest {
    private static final int DIM = 8;
    private static final int HEADS = 2;
    private static final int[] TOKENS = {2, 5, DIM};

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** One comparison: which model, in which numbers, how near. */
    private record Case(BlockForm form, QkNorm qkNorm, DType dtype, double tolerance, long seed) {
        VitConfig config() {
            return new VitConfig(6, 8, 2, 2, DIM, 1, 12, HEADS, 5, Position.LEARNED, Head.MAP, qkNorm, form, 0, null);
        }

        void require(String what, Array expected, double[] found) {
            Comparison.of(this + " " + what, expected, found).requireWithin(tolerance, tolerance);
        }
    }

    /** What a part of a model computes, from its tokens. */
    private interface Part extends Function<Tensor, Tensor> {}

    /** What the oracle of the part says. */
    private record Expected(Array y, Array tokens, Map<String, Array> gradients) {}

    /** What the oracle makes of parameters, tokens and the cotangent of the result. */
    private interface Oracle {
        Expected of(OracleParameters parameters, Array tokens, Array dy);
    }

    private static void check(Case c, List<ParameterSpec> specs, Function<Parameters, Part> part, Oracle oracle, int[] result) {
        try (Parameters parameters = Parameters.initialized(specs, c.dtype(), c.seed())) {
            OracleParameters.randomize(parameters, c.seed());
            Array tokens = array(c.seed(), "tokens", TOKENS);
            Array dy = array(c.seed(), "dy", result);
            Expected expected = oracle.of(new OracleParameters(parameters, HEADS), tokens, dy);
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(tensor(c.dtype(), tokens));
                Tensor y = part.apply(parameters).apply(x);
                c.require("y", expected.y(), y.toDoubles());
                Gradients g = tape.gradients(List.of(y), List.of(tensor(c.dtype(), dy).value()));
                c.require("tokens", expected.tokens(), g.of(x).toDoubles());
                Set<String> names = new HashSet<>();
                for (Parameter parameter : parameters.all()) {
                    names.add(parameter.name());
                    c.require(parameter.name(), expected.gradients().get(parameter.name()), g.of(parameter).toDoubles());
                }
                assertEquals(expected.gradients().keySet(), names);
            }
        }
    }

    private static Array array(long seed, String name, int... shape) {
        return Array.of(shape, OracleParameters.normal(seed, name, Shape.of(Arrays.stream(shape).asLongStream().toArray())))
                .roundedToFloat();
    }

    private static Tensor tensor(DType dtype, Array array) {
        Shape shape = Shape.of(Arrays.stream(array.shape()).asLongStream().toArray());
        return dtype == DType.F64 ? Tensor.of(Scope.current(), shape, array.data())
                : Tensor.of(Scope.current(), shape, array.toFloats());
    }

    private static void checkBlock(Case c) {
        Oracle oracle = switch (c.form()) {
            case SEQUENTIAL -> (parameters, x, dy) -> {
                VitBlockOracle.Block p = parameters.sequential("blocks.0", c.qkNorm());
                VitBlockOracle.Gradients g = VitBlockOracle.blockVjp(x, p, dy);
                return new Expected(VitBlockOracle.block(x, p), g.x(), OracleParameters.named("blocks.0", g.block()));
            };
            case PARALLEL -> (parameters, x, dy) -> {
                VitBlockOracle.Parallel p = parameters.parallel("blocks.0", c.qkNorm());
                VitBlockOracle.ParallelGradients g = VitBlockOracle.parallelVjp(x, p, dy);
                return new Expected(VitBlockOracle.parallel(x, p), g.x(), OracleParameters.named("blocks.0", g.block()));
            };
        };
        check(c, Block.specs(c.config(), 0), parameters -> {
            Block block = new Block(parameters, c.config(), 0);
            return x -> block.apply(x, Observer.NONE);
        }, oracle, TOKENS);
    }

    private static void checkPooling(Case c) {
        QkNorm ofTheHead = c.form() == BlockForm.PARALLEL ? QkNorm.NONE : c.qkNorm();
        check(c, MapHead.specs(c.config()), parameters -> {
            MapHead head = new MapHead(parameters, c.config());
            return head::apply;
        }, (parameters, tokens, dy) -> {
            MapHeadOracle.Head p = parameters.map(ofTheHead);
            MapHeadOracle.Gradients g = MapHeadOracle.poolVjp(tokens, p, dy);
            return new Expected(MapHeadOracle.pool(tokens, p), g.tokens(), OracleParameters.named(g.head()));
        }, new int[] {2, DIM});
    }

    @Property
    void aBlockAndItsGradientsAreThoseOfTheOracle(@ForAll BlockForm form, @ForAll QkNorm qkNorm, @ForAll long seed) {
        checkBlock(new Case(form, qkNorm, DType.F64, 1e-8, seed));
    }

    @Property
    void attentionPoolingAndItsGradientsAreThoseOfTheOracle(@ForAll BlockForm form, @ForAll QkNorm qkNorm, @ForAll long seed) {
        checkPooling(new Case(form, qkNorm, DType.F64, 1e-8, seed));
    }

    /** In float32, of fixed values: how near it comes depends on how small a variance the norms meet, and sums cancel. */
    @Test
    @Tag("widths")
    void inSinglePrecisionTheyComeNear() {
        for (BlockForm form : BlockForm.values()) {
            for (QkNorm qkNorm : QkNorm.values()) {
                for (int seed = 0; seed < 5; seed++) {
                    checkBlock(new Case(form, qkNorm, DType.F32, 1e-3, seed));
                    checkPooling(new Case(form, qkNorm, DType.F32, 1e-3, seed));
                }
            }
        }
        assertEquals(0, Memory.inUse());
    }
}

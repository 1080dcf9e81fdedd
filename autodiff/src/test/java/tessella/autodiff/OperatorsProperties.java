package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessella.autodiff.Operators.Tested;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.reference.Array;
import tessella.reference.Comparison;
import tessella.reference.ValueArbitraries;

/** Every operator and its gradient against the oracles and against central differences. */
class OperatorsProperties {
    /** What has no gradient: indices, and the matrix of a resize. */
    private static final Set<String> CONSTANTS = Set.of("argmax", "argsort", "weights");

    @Provide
    Arbitrary<Tested> operators() {
        return Arbitraries.of(Operators.all());
    }

    private static void requireClose(String what, Array expected, NdArray found) {
        requireClose(what, 1e-11, expected, found);
    }

    private static void requireClose(String what, double doubles, Array expected, NdArray found) {
        assertEquals(Operator.shape(expected.shape()), found.shape(), what);
        double tolerance = found.dtype() == DType.F32 ? 1e-4 : doubles;
        Comparison.of(what, expected, found.toDoubles()).requireWithin(tolerance, tolerance);
    }

    @Property(tries = 4000, edgeCases = EdgeCasesMode.NONE)
    void forwardAndGradientEqualTheOracles(@ForAll("operators") Tested operator,
            @ForAll(supplier = Computed.class) DType dtype, @ForAll long seed) {
        Operator.Sample sample = operator.sample(seed);
        Array expected = sample.oracle().apply(sample.operands());
        Array dy = ValueArbitraries.normal(~seed, expected.shape());
        List<Array> gradients = sample.gradient().apply(sample.operands(), dy);
        try (Tape tape = Tape.record()) {
            List<Tensor> x = new ArrayList<>();
            for (Array operand : sample.operands()) {
                x.add(tape.watch(Tensor.of(Operator.array(dtype, operand))));
            }
            Tensor y = sample.library().apply(x);
            requireClose(operator + " forward", expected, y.value());
            Gradients found = tape.gradients(List.of(y), List.of(Operator.array(dtype, dy)));
            for (int i = 0; i < x.size(); i++) {
                assertTrue(found.of(x.get(i)).isContiguous());
                requireClose(operator + " gradient of operand " + i, operator.tolerance(), gradients.get(i),
                        found.of(x.get(i)));
            }
        }
    }

    @Property(tries = 700, edgeCases = EdgeCasesMode.NONE)
    void gradientsEqualCentralDifferences(@ForAll("operators") Tested operator, @ForAll long seed) {
        Operator.Sample sample = operator.sample(seed);
        try (Scope _ = Scope.open()) {
            GradientCheck.Worst worst = GradientCheck.worst(sample.library()::apply,
                    sample.operands().stream().map(x -> Operator.array(DType.F64, x)).toList());
            assertTrue(worst.error() < 1e-6, operator + ": " + worst);
        }
    }

    @Property(tries = 1400, edgeCases = EdgeCasesMode.NONE)
    void eachOperandAloneGetsItsGradientWhenTheOthersAreConstants(@ForAll("operators") Tested operator, @ForAll long seed) {
        Operator.Sample sample = operator.sample(seed);
        Array dy = ValueArbitraries.normal(~seed, sample.oracle().apply(sample.operands()).shape());
        List<Array> gradients = sample.gradient().apply(sample.operands(), dy);
        for (int watched = 0; watched < sample.operands().size(); watched++) {
            try (Tape tape = Tape.record()) {
                List<Tensor> x = new ArrayList<>();
                for (Array operand : sample.operands()) {
                    x.add(Tensor.of(Operator.array(DType.F64, operand)));
                }
                tape.watch(x.get(watched));
                Tensor y = sample.library().apply(x);
                Gradients found = tape.gradients(List.of(y), List.of(Operator.array(DType.F64, dy)));
                for (int i = 0; i < x.size(); i++) {
                    if (i == watched) {
                        requireClose(operator + " operand " + i, operator.tolerance(), gradients.get(i), found.of(x.get(i)));
                    } else {
                        assertEquals(null, found.of(x.get(i)), operator + " operand " + i);
                    }
                }
            }
        }
    }

    @Property(tries = 700, edgeCases = EdgeCasesMode.NONE)
    void anOperandUsedTwiceGetsTheSumOfItsGradients(@ForAll("operators") Tested operator, @ForAll long seed) {
        Operator.Sample sample = operator.sample(seed);
        Array dy = ValueArbitraries.normal(~seed, sample.oracle().apply(sample.operands()).shape());
        List<Array> gradients = sample.gradient().apply(sample.operands(), dy);
        try (Tape tape = Tape.record()) {
            List<Tensor> x = new ArrayList<>();
            for (Array operand : sample.operands()) {
                // through a recorded operator, so that both cotangents meet at a node and not only at a leaf
                x.add(tape.watch(Tensor.of(Operator.array(DType.F64, operand))));
            }
            List<Tensor> used = x.stream().map(t -> Elementwise.scale(t, 1)).toList();
            Tensor first = sample.library().apply(used);
            Tensor second = sample.library().apply(used);
            NdArray cotangent = Operator.array(DType.F64, dy);
            Gradients found = tape.gradients(List.of(first, second), List.of(cotangent, cotangent));
            for (int i = 0; i < x.size(); i++) {
                requireClose(operator + " used twice, operand " + i, operator.tolerance(), gradients.get(i).times(2),
                        found.of(x.get(i)));
            }
        }
    }

    private static TreeSet<String> names() {
        TreeSet<String> operators = new TreeSet<>();
        for (Class<?> family : List.of(Elementwise.class, LinearAlgebra.class, Softmax.class, Norms.class, Attention.class,
                Shapes.class, Reductions.class, Losses.class, Contrastive.class, Patches.class, Indexing.class, Resize.class,
                SparseTopK.class, Projections.class, Transport.class)) {
            for (var method : family.getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers()) && !Set.of("values", "valueOf").contains(method.getName())) {
                    operators.add(method.getName());
                }
            }
        }
        return operators;
    }

    @Example
    void noPublicOperatorIsLeftOut() {
        TreeSet<String> operators = new TreeSet<>();
        for (String name : names()) {
            if (!CONSTANTS.contains(name)) {
                operators.add(name.toLowerCase(Locale.ROOT));
            }
        }
        for (Tested operator : Operators.all()) {
            String name = operator.name().toLowerCase(Locale.ROOT).replace("_", "");
            operators.removeIf(o -> name.startsWith(o) || name.equals("broadcast") && o.equals("broadcastto"));
        }
        assertEquals(new TreeSet<>(), operators);
    }

    @Example
    void everyOperatorHasItsPlaceInTheDocs() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("basedir",
                ".")).toAbsolutePath().resolveSibling("docs/operators.md"));
        TreeSet<String> operators = names();
        operators.remove("apply");
        operators.removeIf(name -> page.contains("`" + name + "`"));
        for (Resize method : Resize.values()) {
            assertTrue(page.contains("`" + method + "`"), method.name());
        }
        assertEquals(new TreeSet<>(), operators);
    }
}

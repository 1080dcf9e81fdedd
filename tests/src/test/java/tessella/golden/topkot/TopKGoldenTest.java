package tessella.golden.topkot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessella.autodiff.Gradients;
import tessella.autodiff.Projections;
import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Isotonics;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.kernels.Isotonic;
import tessella.kernels.Norm;

/** The golden cases of sparse top-k, forward and backward, in float64 at their tolerances. */
class TopKGoldenTest {
    static Stream<GoldenCase> cases() throws IOException {
        return GoldenCase.of("isotonic_mask", "isotonic_mag", "isotonic_dykstra", "topk_mask", "topk_mask_rows", "permutahedron_mask",
                "topk_mag", "hard_topk_mask", "hard_topk_mag", "proj_simplex", "proj_sparse_simplex");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theCasePasses(GoldenCase c) {
        long before = Memory.inUse();
        try (Scope _ = Scope.open()) {
            switch (c.op()) {
                case "isotonic_mask" -> {
                    Tensor w = Tensor.of(GoldenCase.array(c.inputs().get("w")));
                    check(c, "s", "v", s -> SparseTopK.isotonicMask(s, w, regularizer(c)));
                    checkBlocks(c, Isotonic.Penalty.LINEAR);
                }
                case "isotonic_mag" -> {
                    Tensor w = Tensor.of(GoldenCase.array(c.inputs().get("w")));
                    check(c, "s", "v", s -> SparseTopK.isotonicMagnitude(s, w, regularizer(c)));
                    checkBlocks(c, Isotonic.Penalty.SQUARED);
                }
                case "isotonic_dykstra" -> {
                    Isotonics.Approximation found = Isotonics.dykstra(GoldenCase.array(c.inputs().get("s")),
                            GoldenCase.array(c.inputs().get("weights")), c.integer("cycles"), 0);
                    c.requireForward("v", found.v().toDoubles());
                }
                case "topk_mask" -> {
                    check(c, "x", "y", x -> SparseTopK.mask(x, c.integer("k"), regularizer(c)));
                    Tensor x = Tensor.of(GoldenCase.array(c.inputs().get("x")));
                    c.requireForward("value", SparseTopK.value(x, c.integer("k"), regularizer(c)).toDoubles());
                }
                case "topk_mask_rows" -> check(c, "X", "Y", x -> SparseTopK.mask(x, c.integer("k"), regularizer(c)));
                case "permutahedron_mask" -> check(c, "x", "y",
                        x -> SparseTopK.permutahedron(x, GoldenCase.flat(c.inputs().get("w")), regularizer(c)));
                case "topk_mag" -> check(c, "x", "y", x -> (Boolean) c.params().get("debias")
                        ? SparseTopK.magnitude(x, c.integer("k"), regularizer(c))
                        : SparseTopK.rawMagnitude(x, c.integer("k"), regularizer(c)));
                case "hard_topk_mask" -> check(c, "x", "y", x -> SparseTopK.hardMask(x, c.integer("k")));
                case "hard_topk_mag" -> check(c, "x", "y", x -> SparseTopK.hardMagnitude(x, c.integer("k")));
                case "proj_simplex" -> check(c, "x", "y", x -> Projections.simplex(x, c.real("z")));
                case "proj_sparse_simplex" -> check(c, "x", "y", x -> Projections.sparseSimplex(x, c.integer("k"), c.real("z")));
                default -> throw new AssertionError(c.op());
            }
        }
        assertEquals(before, Memory.inUse(), "bytes left");
    }

    private static Regularizer regularizer(GoldenCase c) {
        return new Regularizer(c.real("lambda"), c.real("p"));
    }

    private static void check(GoldenCase c, String input, String output, UnaryOperator<Tensor> operator) {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(GoldenCase.array(c.inputs().get(input))));
            Tensor y = operator.apply(x);
            c.requireForward(output, y.toDoubles());
            if (c.vjp().containsKey(input)) {
                NdArray dy = GoldenCase.array(c.cotangent().get(output));
                Gradients gradients = tape.gradients(List.of(y), List.of(dy));
                c.requireGradient(input, gradients.of(x).toDoubles());
            }
        }
    }

    private static void checkBlocks(GoldenCase c, Isotonic.Penalty penalty) {
        double[] s = GoldenCase.flat(c.inputs().get("s"));
        Isotonic isotonic = new Isotonic(s.length);
        isotonic.solve(s, GoldenCase.flat(c.inputs().get("w")), s.length, c.real("lambda"), Norm.of(c.real("p")), penalty);
        double[] found = new double[2 * isotonic.blocks()];
        Arrays.setAll(found, i -> isotonic.start((i + 1) / 2));
        c.requireForward("blocks", found);
    }
}

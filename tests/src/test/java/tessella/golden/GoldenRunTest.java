package tessella.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.reference.Array;
import tessella.reference.GoldenFile;

/** The runner itself: what is wrong in a result or in a gradient does not pass. */
final class GoldenRunTest {
    private static final Path CASES = Path.of("src/test/resources/golden/cases");

    private static List<String> run(String path, Adapter adapter) throws IOException {
        return GoldenRun.run(GoldenFile.read(CASES.resolve(path)), DType.F64, adapter);
    }

    @Test
    void aWrongResultIsReportedWithIndexAndBothValues() throws IOException {
        String neg = "reference/activation/neg.safetensors";
        assertEquals(List.of(), run(neg, c -> c.out("y", Elementwise.neg(c.in("x")))));
        List<String> failures = run(neg, c -> c.out("y", Elementwise.scale(c.in("x"), -1.0000001)));
        assertEquals(2, failures.size(), failures.toString());
        assertTrue(failures.get(0).matches(
                "float64 out.y \\[5, 7\\]: max error .*, at \\[\\d, \\d\\] expected .*, found .*; allowed .*"),
                failures.get(0));
        assertTrue(failures.get(1).startsWith("float64 grad.x "), failures.get(1));
    }

    @Test
    void aWrongGradientAloneIsReported() throws IOException {
        Adapter forwardOnly = c -> {
            Tensor x = c.in("x");
            NdArray y = Pointwise.scale(x.value(), -1);
            c.out("y", Tape.operator("neg", y, Tape.saved(), (dy, to) -> to.add(x, dy), x));
        };
        List<String> failures = run("reference/activation/neg.safetensors", forwardOnly);
        assertEquals(1, failures.size(), failures.toString());
        assertTrue(failures.get(0).startsWith("float64 grad.x "), failures.get(0));
    }

    @Test
    void whatIsNotComputedIsReported() throws IOException {
        String split = "reference/shape/split.safetensors";
        assertEquals(List.of("float64 out.y0 was not computed", "float64 out.y1 was not computed",
                "float64 out.y2 was not computed", "float64 out.y0 has a cotangent but no operator computed it"),
                run(split, c -> { }));
        List<String> failures = run(split, c -> c.out("y0", Array.zeros(2, 3)));
        assertTrue(failures.toString().contains("out.y0 [2, 3]: max error"), failures.toString());
        assertTrue(run(split, c -> c.in("none")).get(0).contains("there is no tensor in.none"));
    }

    @Test
    void aMissingFeatureSetsTheCaseAside() {
        Adapter adapter = c -> c.needs("split", true);
        assertThrows(NotCoveredException.class, () -> run("reference/shape/split.safetensors", adapter));
    }

    @Test
    void bothToleranceConventions() throws IOException {
        GoldenFile reference = GoldenFile.read(CASES.resolve("reference/activation/neg.safetensors"));
        double largest = largest(reference.array("out.y"));
        assertEquals(1e-12 + 1e-10 * largest, Tolerance.of(reference, DType.F64).allowed(reference.tensor("out.y")), 0);
        assertEquals(1e-6 + 2e-5 * largest, Tolerance.of(reference, DType.F32).allowed(reference.tensor("out.y")), 0);
        GoldenFile paper = GoldenFile.read(CASES.resolve("papers/softmoe/layer_00_m4_n2_p2.safetensors"));
        double y = Math.max(1, largest(paper.array("out.y")));
        double mu = Math.max(1, largest(paper.array("grad.Router/mu")));
        assertEquals(1e-11 * y, Tolerance.of(paper, DType.F64).allowed(paper.tensor("out.y")), 0);
        assertEquals(2e-5 * y, Tolerance.of(paper, DType.F32).allowed(paper.tensor("out.y")), 0);
        assertEquals(1e-10 * mu, Tolerance.of(paper, DType.F64).allowed(paper.tensor("grad.Router/mu")), 0);
        assertEquals(2e-4 * mu, Tolerance.of(paper, DType.F32).allowed(paper.tensor("grad.Router/mu")), 0);
    }

    private static double largest(Array x) {
        double largest = 0;
        for (double value : x.data()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}

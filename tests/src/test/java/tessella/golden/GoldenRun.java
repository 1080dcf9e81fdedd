package tessella.golden;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Gradients;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.reference.Comparison;
import tessella.reference.GoldenFile;
import tessella.reference.GoldenTensor;

/** Runs one golden file in one precision, forward and backward, and compares everything that the file stores. */
final class GoldenRun {
    private final GoldenFile file;
    private final DType dtype;
    private final Tolerance tolerance;
    private final List<String> failures = new ArrayList<>();

    private GoldenRun(GoldenFile file, DType dtype) {
        this.file = file;
        this.dtype = dtype;
        this.tolerance = Tolerance.of(file, dtype);
    }

    /**
     * The failures of a file, empty when all is within tolerance: for each the tensor, the first worst index and both
     * values.
     *
     * @throws NotCoveredException when the case needs a feature that the library does not have yet
     */
    static List<String> run(GoldenFile file, DType dtype, Adapter adapter) {
        GoldenRun run = new GoldenRun(file, dtype);
        List<AutoCloseable> resources = new ArrayList<>();
        try {
            try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
                Case c = new Case(file, dtype, scope, tape, resources);
                adapter.run(c);
                run.compareOutputs(c);
                run.compareGradients(c, tape);
            } finally {
                for (AutoCloseable resource : resources) {
                    resource.close();
                }
            }
        } catch (NotCoveredException e) {
            throw e;
        } catch (Exception | AssertionError e) {
            run.failures.add(dtype + " threw " + e);
        }
        return run.failures;
    }

    private void compareOutputs(Case c) {
        for (String name : file.names("out.")) {
            double[] got = c.computed(name);
            if (got == null) {
                failures.add(dtype + " out." + name + " was not computed");
            } else {
                compare(file.tensor("out." + name), got);
            }
        }
    }

    private void compareGradients(Case c, Tape tape) {
        List<Tensor> outputs = new ArrayList<>();
        List<NdArray> cotangents = new ArrayList<>();
        for (String name : file.names("cot.")) {
            Tensor output = c.tensor(name);
            if (output == null) {
                failures.add(dtype + " out." + name + " has a cotangent but no operator computed it");
                return;
            }
            outputs.add(output);
            cotangents.add(c.cotangent(name, output.shape()));
        }
        if (outputs.isEmpty()) {
            return;
        }
        Gradients gradients = tape.gradients(outputs, cotangents);
        for (String name : file.names("grad.")) {
            Tensor source = c.source(name);
            if (source == null) {
                failures.add(dtype + " grad." + name + " belongs to an input that the adapter did not use");
                continue;
            }
            NdArray gradient = gradients.of(source);
            // an input that no operator read has no gradient: that of a function which does not depend on it
            compare(file.tensor("grad." + name),
                    gradient == null ? new double[(int) source.shape().size()] : gradient.toDoubles());
        }
    }

    private void compare(GoldenTensor want, double[] got) {
        Comparison comparison;
        try {
            comparison = Comparison.of(dtype + " " + want.name(), want.values(), got);
        } catch (AssertionError e) {
            failures.add(e.getMessage());
            return;
        }
        double allowed = want.type().isReal() ? tolerance.allowed(want) : 0;
        if (!comparison.isWithin(0, allowed)) {
            failures.add(comparison.describe() + "; allowed " + allowed);
        }
    }
}

package tessella.golden;

import tessella.engine.DType;
import tessella.reference.Array;
import tessella.reference.Attributes;
import tessella.reference.GoldenFile;
import tessella.reference.GoldenTensor;

/** How far a computed tensor may be from the stored one, in the two conventions of the golden files. */
sealed interface Tolerance {
    /** What storing a value as float32 loses, relative to the largest. */
    double FLOAT_STORAGE = 6e-8;

    /** The largest allowed {@code |got - want|} over a tensor such as {@code out.y} or {@code grad.x}. */
    double allowed(GoldenTensor want);

    /** The tolerance of a file in one precision. */
    static Tolerance of(GoldenFile file, DType dtype) {
        Attributes tolerance = file.tolerance();
        return tolerance.has("fwd_f64") ? new Scaled(tolerance, dtype) : new Relative(tolerance, dtype);
    }

    /** {@code atol + rtol max|want|}, with entries of single tensors before those of all. */
    record Relative(Attributes tolerance, DType dtype) implements Tolerance {
        @Override
        public double allowed(GoldenTensor want) {
            Attributes own = tolerance.has(want.name()) ? tolerance.object(want.name()) : tolerance;
            String precision = dtype == DType.F64 ? "float64" : "float32";
            Attributes line = own.has(precision) ? own.object(precision) : own;
            double rtol = line.real("rtol", 0) + (want.type() == GoldenTensor.Type.F32 ? FLOAT_STORAGE : 0);
            return line.real("atol", 0) + rtol * maxAbs(want.values());
        }
    }

    /** {@code tol max(1, max|want|)}, one tolerance for results and one for gradients. */
    record Scaled(Attributes tolerance, DType dtype) implements Tolerance {
        @Override
        public double allowed(GoldenTensor want) {
            String kind = want.name().startsWith("grad.") ? "grad_" : "fwd_";
            double tol = tolerance.real(kind + (dtype == DType.F64 ? "f64" : "f32"));
            return tol * Math.max(1, maxAbs(want.values()));
        }
    }

    private static double maxAbs(Array x) {
        double max = 0;
        for (double value : x.data()) {
            max = Math.max(max, Math.abs(value));
        }
        return max;
    }
}

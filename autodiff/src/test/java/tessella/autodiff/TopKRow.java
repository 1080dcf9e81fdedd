package tessella.autodiff;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** A row, k and a regularizer, and what the library makes of them. */
record TopKRow(double[] x, int k, double lambda, double p) {
    private static final double[] EXPONENTS = {2, 4.0 / 3, 1.5, 1.25};

    /** What rows are made of; the last four are only for rows that are sampled, which they mislead. */
    private enum Kind {
        NORMAL, TIES, OFFSET, EQUAL, TWO_VALUES, HEAVY_TAILS, SORTED, REVERSED, PERIODIC, SPIKES
    }

    /** An operator of rows. */
    interface Op {
        Tensor apply(Tensor x, int k, Regularizer regularizer);
    }

    /** Rows of 2 to 40 elements. */
    static TopKRow few(long seed) {
        SplittableRandom r = new SplittableRandom(seed);
        return of(r, Kind.values()[r.nextInt(6)], r.nextInt(2, 41), lambda(r), EXPONENTS[r.nextInt(EXPONENTS.length)]);
    }

    /** Rows of all lengths: a fourth of them are sampled. */
    static TopKRow any(long seed) {
        SplittableRandom r = new SplittableRandom(seed);
        if (r.nextInt(4) > 0) {
            return few(r.nextLong());
        }
        // a norm without a formula takes the power of each element some hundred times
        double p = EXPONENTS[r.nextInt(8) == 0 ? r.nextInt(2, 4) : r.nextInt(2)];
        return of(r, Kind.values()[r.nextInt(Kind.values().length)], r.nextInt(4096, 6000), lambda(r), p);
    }

    private static double lambda(SplittableRandom r) {
        return r.nextInt(5) == 0 ? Math.pow(10, r.nextDouble(-300, 300)) : Math.exp(r.nextDouble(-4, 2));
    }

    private static TopKRow of(SplittableRandom r, Kind kind, int n, double lambda, double p) {
        double[] x = new double[n];
        double one = r.nextGaussian();
        double other = r.nextGaussian();
        int period = (n + 1023) / 1024;
        for (int i = 0; i < n; i++) {
            x[i] = switch (kind) {
                case NORMAL, SORTED, REVERSED -> r.nextGaussian();
                case TIES -> r.nextInt(-3, 4) / 4.0;
                case OFFSET -> 0x1p20 + r.nextGaussian();
                case EQUAL -> one;
                case TWO_VALUES -> r.nextInt(3) == 0 ? one : other;
                case HEAVY_TAILS -> Math.copySign(Math.pow(10, r.nextDouble(-30, 30)), r.nextDouble(-1, 1));
                // what is sampled, n / 1024 apart, is not like the rest
                case PERIODIC -> i % period == 0 ? 3 + 0.1 * r.nextGaussian() : r.nextGaussian();
                case SPIKES -> (long) i * 1024 % n < 1024 ? 0.01 * r.nextGaussian() : 10 * r.nextGaussian();
            };
        }
        if (kind == Kind.SORTED || kind == Kind.REVERSED) {
            Arrays.sort(x);
            for (int i = 0; kind == Kind.SORTED && i < n / 2; i++) {
                double swapped = x[i];
                x[i] = x[n - 1 - i];
                x[n - 1 - i] = swapped;
            }
        }
        int k = switch (r.nextInt(6)) {
            case 0 -> 1;
            case 1 -> n - 1;
            default -> r.nextInt(1, n);
        };
        return new TopKRow(x, k, lambda, p);
    }

    int n() {
        return x.length;
    }

    TopKRow of(double... other) {
        return new TopKRow(other, k, lambda, p);
    }

    TopKRow with(int places) {
        return new TopKRow(x, places, lambda, p);
    }

    TopKRow with(double otherLambda, double otherP) {
        return new TopKRow(x, k, otherLambda, otherP);
    }

    /** Elements of at most that size, and lambda between these. */
    TopKRow within(double size, double least, double most) {
        return of(Arrays.stream(x).map(v -> Math.clamp(v, -size, size)).toArray()).with(Math.clamp(lambda, least, most), p);
    }

    Regularizer regularizer() {
        return new Regularizer(lambda, p);
    }

    double[] sorted() {
        double[] s = Arrays.stream(x).map(v -> -v).sorted().toArray();
        Arrays.setAll(s, i -> -s[i]);
        return s;
    }

    TopKRow sizes() {
        return of(Arrays.stream(x).map(Math::abs).toArray());
    }

    double[] mask() {
        return apply(SparseTopK::mask);
    }

    double[] magnitude() {
        return apply(SparseTopK::magnitude);
    }

    double[] raw() {
        return apply(SparseTopK::rawMagnitude);
    }

    double[] apply(Op op) {
        return apply(op, DType.F64);
    }

    double[] apply(Op op, DType dtype) {
        try (Scope _ = Scope.open()) {
            return op.apply(tensor(dtype, x), k, regularizer()).toDoubles();
        }
    }

    /** dx of dy. */
    double[] gradient(Op op, double... dy) {
        return gradient(op, DType.F64, dy);
    }

    double[] gradient(Op op, DType dtype, double... dy) {
        try (Tape tape = Tape.record()) {
            Tensor in = tape.watch(tensor(dtype, x));
            Tensor y = op.apply(in, k, regularizer());
            NdArray cotangent = NdArray.empty(Scope.current(), dtype, y.shape());
            cotangent.copyFrom(dy);
            return tape.gradients(List.of(y), List.of(cotangent)).of(in).toDoubles();
        }
    }

    static Tensor tensor(DType dtype, double... x) {
        NdArray out = NdArray.empty(Scope.current(), dtype, Shape.of(x.length));
        out.copyFrom(x);
        return Tensor.of(out);
    }

    @Override
    public String toString() {
        String some = Arrays.toString(x.length > 12 ? Arrays.copyOf(x, 12) : x);
        return x.length + " elements " + some + ", k " + k + ", lambda " + lambda + ", p " + p;
    }

    static double[] map(int n, IntToDoubleFunction f) {
        return IntStream.range(0, n).mapToDouble(f).toArray();
    }

    static double[] gaussians(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        return map(n, i -> random.nextGaussian());
    }
}

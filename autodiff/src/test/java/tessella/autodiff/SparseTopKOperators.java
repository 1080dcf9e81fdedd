package tessella.autodiff;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tessella.autodiff.Operator.Library;
import tessella.autodiff.Operator.Oracle;
import tessella.autodiff.Operator.Sample;
import tessella.autodiff.Operators.Tested;
import tessella.engine.Regularizer;
import tessella.reference.Array;
import tessella.reference.CentralDifference;
import tessella.reference.IsotonicOracle;
import tessella.reference.TopKOracle;
import tessella.reference.ValueArbitraries;

/** The operators of sparse top-k with operands at which they are smooth, and the oracle's differences as gradients. */
final class SparseTopKOperators {
    private static final double[] EXPONENTS = {2, 4.0 / 3, 1.5, 1.25};
    /** In units of lambda, which is at least 1/2: far more than a step of the differences. */
    private static final double MARGIN = 0.03;
    private static final double DIFFERENCES = 1e-7;

    private SparseTopKOperators() {}

    /** What a sample is of: rows [.., n], k of n, and a regularizer. */
    private record Setting(int[] shape, int k, double lambda, double p) {
        static Setting of(SplittableRandom r) {
            int n = r.nextInt(1, 6);
            int[] shape = r.nextBoolean() ? new int[] {r.nextInt(1, 3), n} : new int[] {r.nextInt(1, 3), r.nextInt(1, 3), n};
            return new Setting(shape, r.nextInt(0, n + 1), 0.5 + 2 * r.nextDouble(), EXPONENTS[r.nextInt(EXPONENTS.length)]);
        }

        int n() {
            return shape[shape.length - 1];
        }

        int[] leading() {
            return Arrays.copyOf(shape, shape.length - 1);
        }

        Regularizer regularizer() {
            return new Regularizer(lambda, p);
        }

        /** Normal rows, each drawn again until it is smooth. */
        Array rows(SplittableRandom r, Predicate<double[]> smooth) {
            Array out = Array.zeros(shape);
            for (int at = 0; at < out.size(); at += n()) {
                double[] row;
                do {
                    row = ValueArbitraries.normal(r.nextLong(), n()).data();
                } while (!smooth.test(row));
                System.arraycopy(row, 0, out.data(), at, n());
            }
            return out;
        }

        /** f of each row, side by side. */
        Array each(Array x, int[] result, Function<double[], double[]> f) {
            double[] out = IntStream.range(0, x.size() / n()).boxed()
                    .flatMapToDouble(row -> Arrays.stream(f.apply(Arrays.copyOfRange(x.data(), row * n(), (row + 1) * n())))).toArray();
            return Array.of(result, out);
        }
    }

    private static Sample sample(Array x, Library library, Oracle oracle) {
        return new Sample(List.of(x), library, oracle,
                (operands, dy) -> List.of(CentralDifference.vjp(v -> oracle.apply(List.of(v)), operands.get(0), dy)));
    }

    private interface Rows {
        double[] apply(double[] x, Setting setting);
    }

    private interface Smooth {
        boolean test(double[] x, int k, double lambda, double p, double margin);
    }

    private interface TopKs {
        Tensor apply(Tensor x, Setting setting);
    }

    /** An operator on rows whose results are rows. */
    private static Tested rows(String name, TopKs library, Rows oracle, Smooth smooth) {
        return new Tested(name, DIFFERENCES, r -> {
            Setting setting = Setting.of(r);
            Array x = setting.rows(r, row -> smooth.test(row, setting.k, setting.lambda, setting.p, MARGIN));
            return sample(x, v -> library.apply(v.get(0), setting),
                    v -> setting.each(v.get(0), setting.shape, row -> oracle.apply(row, setting)));
        });
    }

    static Stream<Tested> all() {
        return Stream.of(
                rows("mask", (x, s) -> SparseTopK.mask(x, s.k, s.regularizer()), (x, s) -> TopKOracle.mask(x, s.k, s.lambda, s.p),
                        TopKOracle::isMaskSmooth),
                rows("magnitude", (x, s) -> SparseTopK.magnitude(x, s.k, s.regularizer()),
                        (x, s) -> TopKOracle.magnitude(x, s.k, s.lambda, s.p), TopKOracle::isMagnitudeSmooth),
                rows("rawMagnitude", (x, s) -> SparseTopK.rawMagnitude(x, s.k, s.regularizer()),
                        (x, s) -> TopKOracle.raw(x, s.k, s.lambda, s.p), TopKOracle::isMagnitudeSmooth),
                rows("hardMask", (x, s) -> SparseTopK.hardMask(x, s.k), (x, s) -> TopKOracle.hardMask(x, s.k),
                        (x, k, _, _, margin) -> isApart(x, k, margin)),
                rows("hardMagnitude", (x, s) -> SparseTopK.hardMagnitude(x, s.k), (x, s) -> TopKOracle.hardMagnitude(x, s.k),
                        (x, k, _, _, margin) -> isApart(Arrays.stream(x).map(Math::abs).toArray(), k, margin)),
                rows("simplex", (x, s) -> Projections.simplex(x, s.lambda), (x, s) -> TopKOracle.simplex(x, s.lambda),
                        (x, _, lambda, _, margin) -> TopKOracle.isMaskSmooth(x, 1, lambda, 2, margin)),
                rows("sparseSimplex", (x, s) -> Projections.sparseSimplex(x, s.k + 1, s.lambda),
                        (x, s) -> TopKOracle.sparseSimplex(x, s.k + 1, s.lambda), SparseTopKOperators::isSparseSmooth),
                new Tested("value", DIFFERENCES, SparseTopKOperators::value),
                new Tested("fenchelYoungLoss", DIFFERENCES, SparseTopKOperators::fenchelYoung),
                new Tested("labelLoss", DIFFERENCES, SparseTopKOperators::label),
                new Tested("permutahedron", DIFFERENCES, SparseTopKOperators::permutahedron),
                new Tested("isotonicMask", DIFFERENCES, r -> isotonic(r, SparseTopK::isotonicMask, IsotonicOracle::mask,
                        IsotonicOracle::isMaskSmooth, x -> x)),
                new Tested("isotonicMagnitude", DIFFERENCES, r -> isotonic(r, SparseTopK::isotonicMagnitude, IsotonicOracle::magnitude,
                        IsotonicOracle::isMagnitudeSmooth, x -> x.map(v -> Math.abs(v) + 0.01))));
    }

    /** The k largest are more than the margin above the others. */
    private static boolean isApart(double[] x, int k, double margin) {
        double[] sorted = Arrays.stream(x).sorted().toArray();
        return k == 0 || k == x.length || sorted[x.length - k] - sorted[x.length - k - 1] > margin;
    }

    /** The k + 1 largest are apart from the others, and their projection is smooth. */
    private static boolean isSparseSmooth(double[] x, int k, double lambda, double p, double margin) {
        int most = Math.min(k + 1, x.length);
        double[] hard = TopKOracle.hardMask(x, most);
        return isApart(x, most, margin) && TopKOracle.isMaskSmooth(
                IntStream.range(0, x.length).filter(i -> hard[i] == 1).mapToDouble(i -> x[i]).toArray(), 1, lambda, 2, margin);
    }

    private static double best(double[] x, int k, double lambda, double p) {
        return TopKOracle.value(x, TopKOracle.mask(x, k, lambda, p), lambda, p);
    }

    private static Sample value(SplittableRandom r) {
        Setting s = Setting.of(r);
        return sample(s.rows(r, row -> TopKOracle.isMaskSmooth(row, s.k, s.lambda, s.p, MARGIN)),
                x -> SparseTopK.value(x.get(0), s.k, s.regularizer()),
                x -> s.each(x.get(0), s.leading(), row -> new double[] {best(row, s.k, s.lambda, s.p)}));
    }

    private static Sample fenchelYoung(SplittableRandom r) {
        Setting s = Setting.of(r);
        Array x = s.rows(r, row -> TopKOracle.isMaskSmooth(row, s.k, s.lambda, s.p, MARGIN));
        // of sum k, and not all of it ones
        Array t = s.each(ValueArbitraries.normal(r.nextLong(), s.shape), s.shape,
                row -> TopKOracle.mask(row, s.k, 1, 2)).roundedToFloat();
        int rows = x.size() / s.n();
        return sample(x, v -> SparseTopK.fenchelYoungLoss(v.get(0), Tensor.of(Operator.array(v.get(0).dtype(), t)), s.k, s.regularizer()),
                v -> Array.of(s.leading(), IntStream.range(0, rows).mapToDouble(row -> {
                    double[] own = Arrays.copyOfRange(v.get(0).data(), row * s.n(), (row + 1) * s.n());
                    double[] target = Arrays.copyOfRange(t.data(), row * s.n(), (row + 1) * s.n());
                    return best(own, s.k, s.lambda, s.p) - TopKOracle.value(own, target, s.lambda, s.p);
                }).toArray()));
    }

    private static Sample label(SplittableRandom r) {
        Setting drawn = Setting.of(r);
        Setting s = new Setting(drawn.shape, Math.max(1, drawn.k), drawn.lambda, drawn.p);
        int rows = Array.sizeOf(s.leading());
        int[] labels = r.ints(rows, 0, s.n()).toArray();
        int[] row = {0};
        Array x = s.rows(r, v -> {
            boolean smooth = TopKOracle.isMaskSmooth(v, s.k, s.lambda, s.p, MARGIN)
                    && TopKOracle.isMaskSmooth(without(v, labels[row[0]]), s.k - 1, s.lambda, s.p, MARGIN);
            row[0] += smooth ? 1 : 0;
            return smooth;
        });
        return sample(x, v -> SparseTopK.labelLoss(v.get(0), labels, s.k, s.regularizer()),
                v -> Array.of(s.leading(), IntStream.range(0, rows).mapToDouble(i -> {
                    double[] own = Arrays.copyOfRange(v.get(0).data(), i * s.n(), (i + 1) * s.n());
                    double[] others = without(own, labels[i]);
                    double rest = others.length == 0 ? 0 : best(others, s.k - 1, s.lambda, s.p);
                    return best(own, s.k, s.lambda, s.p) - (own[labels[i]] - s.lambda / s.p + rest);
                }).toArray()));
    }

    private static double[] without(double[] x, int at) {
        return IntStream.range(0, x.length).filter(i -> i != at).mapToDouble(i -> x[i]).toArray();
    }

    private static Sample permutahedron(SplittableRandom r) {
        Setting s = Setting.of(r);
        double[] w = r.doubles(s.n(), 0, 2).map(v -> v < 0.4 ? 0 : v).sorted().toArray();
        for (int i = 0; i < w.length / 2; i++) {
            double other = w[i];
            w[i] = w[w.length - 1 - i];
            w[w.length - 1 - i] = other;
        }
        Array x = s.rows(r, row -> {
            double[] sorted = Arrays.stream(row).map(v -> -v).sorted().map(v -> -v).toArray();
            return IsotonicOracle.isMaskSmooth(sorted, w, s.lambda, s.p, MARGIN);
        });
        return sample(x, v -> SparseTopK.permutahedron(v.get(0), w, s.regularizer()),
                v -> s.each(v.get(0), s.shape, row -> TopKOracle.permutahedron(row, w, s.lambda, s.p)));
    }

    private interface Isotonic {
        Tensor apply(Tensor s, Tensor w, Regularizer regularizer);
    }

    private interface Solution {
        double[] apply(double[] s, double[] w, double lambda, double p);
    }

    private interface SmoothSolution {
        boolean test(double[] s, double[] w, double lambda, double p, double margin);
    }

    private static Sample isotonic(SplittableRandom r, Isotonic library, Solution oracle, SmoothSolution smooth,
            UnaryOperator<Array> domain) {
        Setting s = Setting.of(r);
        Array w = Array.of(new int[] {s.n()}, r.doubles(s.n(), 0, 2).map(v -> v < 0.4 ? 0 : v).toArray()).roundedToFloat();
        Array x = domain.apply(s.rows(r, row -> smooth.test(domain.apply(Array.of(new int[] {s.n()}, row)).data(), w.data(), s.lambda, s.p,
                MARGIN)));
        // weights are given once for all rows, or for each
        boolean shared = r.nextBoolean();
        return sample(x, v -> {
            Tensor weights = Tensor.of(Operator.array(v.get(0).dtype(), w));
            return library.apply(v.get(0), shared ? weights : Shapes.broadcastTo(weights, v.get(0).shape().dims()), s.regularizer());
        }, v -> s.each(v.get(0), s.shape, row -> oracle.apply(row, w.data(), s.lambda, s.p)));
    }
}

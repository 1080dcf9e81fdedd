package tessella.kernels;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** LayerNorm and L2 normalisation of rows, with their gradients, against naive float64 loops. */
class NormsProperties {
    private static final double EPS = 1e-6;

    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.oneOf(Arbitraries.integers().between(1, 66), Arbitraries.of(64, 192, 200, 320));
    }

    /** Rows with a mean far from zero: the one-pass variance would cancel. */
    private static Buffer rows(Type type, long seed, int rows, int n) {
        double shift = seed % 3 == 0 ? 30 : 0;
        return Buffer.random(type, seed, rows * n, x -> x + shift);
    }

    private static double mean(Buffer x, int row, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x.get(row * n + i);
        }
        return sum / n;
    }

    private static double root(Buffer x, int row, int n, double mean) {
        double squares = 0;
        for (int i = 0; i < n; i++) {
            squares += (x.get(row * n + i) - mean) * (x.get(row * n + i) - mean);
        }
        return 1 / Math.sqrt(squares / n + EPS);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void layerNormEqualsNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 5) int rows,
            @ForAll("lengths") int n,
            @ForAll boolean gained, @ForAll boolean biased, @ForAll long seed) {
        Buffer x = rows(type, seed, rows, n);
        Buffer gain = gained ? Buffer.gaussians(type, seed + 1, n) : Buffer.none(type);
        Buffer bias = gained && biased ? Buffer.gaussians(type, seed + 2, n) : Buffer.none(type);
        double[] expected = new double[rows * n];
        double[] means = new double[rows];
        double[] roots = new double[rows];
        double[] allowed = new double[rows * n];
        double[] allowedMeans = new double[rows];
        double[] allowedRoots = new double[rows];
        for (int row = 0; row < rows; row++) {
            means[row] = mean(x, row, n);
            roots[row] = root(x, row, n, means[row]);
            // a row of equal elements has the variance of its mean's rounding error: 1/sqrt(eps) times it
            allowedMeans[row] = 40 * (n + 2) * type.unit;
            double slope = allowedMeans[row] * roots[row];
            allowedRoots[row] = roots[row] * (slope * slope + slope + (n + 6) * type.unit);
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double normal = (x.get(at) - means[row]) * roots[row];
                double g = gained ? gain.get(i) : 1;
                expected[at] = g * normal + (bias.length > 0 ? bias.get(i) : 0);
                allowed[at] = Math.abs(g) * (slope + Math.abs(normal) * allowedRoots[row] / roots[row])
                        + 4 * type.unit * (Math.abs(expected[at]) + Math.abs(g * normal));
            }
        }
        Buffer y = Buffer.of(type, rows * n);
        Buffer m = Buffer.of(type, rows);
        Buffer r = Buffer.of(type, rows);
        type.call("Norms", "layerNorm", x, gain, bias, y, m, r, rows, n, EPS);
        m.requireNear("mean", means, allowedMeans);
        r.requireNear("root", roots, allowedRoots);
        y.requireNear("layerNorm", expected, allowed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void layerNormGradientEqualsNaiveLoopsAndAddsToTheGradientsOfGainAndBias(@ForAll Type type,
            @ForAll @IntRange(min = 0, max = 5) int rows, @ForAll("lengths") int n, @ForAll boolean gained,
            @ForAll boolean biased, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        Buffer gain = gained ? Buffer.gaussians(type, seed + 2, n) : Buffer.none(type);
        Buffer dgain = gained ? Buffer.gaussians(type, seed + 3, n) : Buffer.none(type);
        Buffer dbias = gained && biased ? Buffer.gaussians(type, seed + 4, n) : Buffer.none(type);
        double[] expected = new double[rows * n];
        double[] expectedGain = dgain.values();
        double[] expectedBias = dbias.values();
        double[] allowed = new double[rows * n];
        double[] allowedParameters = new double[n];
        Buffer means = Buffer.of(type, rows);
        Buffer roots = Buffer.of(type, rows);
        for (int row = 0; row < rows; row++) {
            // the statistics as the forward pass would hand them over, in the kernel's precision
            means.set(row, mean(x, row, n));
            roots.set(row, root(x, row, n, means.get(row)));
            double mean = means.get(row);
            double r = roots.get(row);
            double meanU = 0;
            double meanUx = 0;
            double sizes = 0;
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double u = dy.get(at) * (gained ? gain.get(i) : 1);
                double normal = (x.get(at) - mean) * r;
                meanU += u / n;
                meanUx += u * normal / n;
                sizes += Math.abs(u) * (1 + Math.abs(normal)) / n;
                if (gained) {
                    expectedGain[i] += dy.get(at) * normal;
                    allowedParameters[i] += 8 * (rows + 4) * type.unit * (1 + Math.abs(dy.get(at)) * (1
                            + Math.abs(normal)));
                }
                if (dbias.length > 0) {
                    expectedBias[i] += dy.get(at);
                }
            }
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double u = dy.get(at) * (gained ? gain.get(i) : 1);
                double normal = (x.get(at) - mean) * r;
                expected[at] = r * (u - meanU - normal * meanUx);
                allowed[at] = 4 * (n + 6) * type.unit * r * (Math.abs(u) + sizes * (1 + Math.abs(normal)));
            }
        }
        Buffer dx = Buffer.of(type, rows * n);
        type.call("Norms", "layerNormGradient", x, gain, dy, means, roots, dx, dgain, dbias, rows, n);
        dx.requireNear("dx", expected, allowed);
        if (gained) {
            for (int i = 0; i < n; i++) {
                allowedParameters[i] += 8 * type.unit * (4 + Math.abs(expectedGain[i]));
            }
            dgain.requireNear("dgain", expectedGain, allowedParameters);
        }
        if (dbias.length > 0) {
            dbias.requireNear("dbias", expectedBias, allowedParameters);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void l2AndItsGradientEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 5) int rows,
            @ForAll("lengths") int n, @ForAll boolean zeros, @ForAll long seed) {
        Buffer x = Buffer.random(type, seed, rows * n, v -> zeros ? 0 : v);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        double[] expected = new double[rows * n];
        double[] roots = new double[rows];
        double[] allowed = new double[rows * n];
        double[] allowedRoots = new double[rows];
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += x.get(row * n + i) * x.get(row * n + i);
            }
            roots[row] = 1 / Math.sqrt(squares + EPS);
            allowedRoots[row] = (n + 4) * type.unit * roots[row];
            for (int i = 0; i < n; i++) {
                expected[row * n + i] = x.get(row * n + i) * roots[row];
                allowed[row * n + i] = (n + 6) * type.unit * Math.abs(expected[row * n + i]);
            }
        }
        Buffer y = Buffer.of(type, rows * n);
        Buffer r = Buffer.of(type, rows);
        type.call("Norms", "l2", x, y, r, rows, n, EPS);
        r.requireNear("root", roots, allowedRoots);
        y.requireNear("l2", expected, allowed);
        for (int row = 0; row < rows; row++) {
            double dot = 0;
            double sizes = 0;
            for (int i = 0; i < n; i++) {
                dot += y.get(row * n + i) * dy.get(row * n + i);
                sizes += Math.abs(y.get(row * n + i) * dy.get(row * n + i));
            }
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                expected[at] = r.get(row) * (dy.get(at) - y.get(at) * dot);
                allowed[at] = 2 * (n + 4) * type.unit * r.get(row) * (Math.abs(dy.get(at))
                        + Math.abs(y.get(at)) * sizes);
            }
        }
        Buffer dx = Buffer.of(type, rows * n);
        type.call("Norms", "l2Gradient", y, dy, r, dx, rows, n);
        dx.requireNear("l2 gradient", expected, allowed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void rmsAndItsGradientEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 5) int rows,
            @ForAll("lengths") int n, @ForAll boolean gained, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        Buffer gain = gained ? Buffer.gaussians(type, seed + 2, n) : Buffer.none(type);
        Buffer dgain = gained ? Buffer.random(type, seed + 3, n, v -> 0) : Buffer.none(type);
        double[] expected = new double[rows * n];
        double[] slope = new double[rows * n];
        double[] allowed = new double[rows * n];
        double[] expectedGain = new double[dgain.length];
        double[] allowedGain = new double[dgain.length];
        for (int row = 0; row < rows; row++) {
            double square = 0;
            for (int i = 0; i < n; i++) {
                square += x.get(row * n + i) * x.get(row * n + i) / n;
            }
            double r = 1 / Math.sqrt(square + EPS);
            double mean = 0;
            double sizes = 0;
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double g = gained ? gain.get(i) : 1;
                expected[at] = g * x.get(at) * r;
                mean += dy.get(at) * g * x.get(at) * r / n;
                sizes += Math.abs(dy.get(at) * g * x.get(at) * r) / n;
                if (gained) {
                    expectedGain[i] += dy.get(at) * x.get(at) * r;
                    allowedGain[i] += (n + 16) * type.unit * (1 + Math.abs(dy.get(at) * x.get(at) * r));
                }
            }
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double u = dy.get(at) * (gained ? gain.get(i) : 1);
                slope[at] = r * (u - x.get(at) * r * mean);
                allowed[at] = 4 * (n + 8) * type.unit * (1 + r) * (Math.abs(u) + Math.abs(x.get(at)) * r * (1 + sizes)
                        + Math.abs(expected[at]));
            }
        }
        Buffer y = Buffer.of(type, rows * n);
        Buffer rs = Buffer.of(type, rows);
        type.call("Norms", "rms", x, gain, y, rs, rows, n, EPS);
        y.requireNear("rms", expected, allowed);
        Buffer dx = Buffer.of(type, rows * n);
        type.call("Norms", "rmsGradient", x, gain, dy, rs, dx, dgain, rows, n);
        dx.requireNear("rms gradient", slope, allowed);
        if (gained) {
            dgain.requireNear("rms gain gradient", expectedGain, allowedGain);
        }
    }
}

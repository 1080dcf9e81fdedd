package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Every kernel of optimisers against its formula in float64, and moments without gradients. */
class OptimizersProperties {
    private static void step(Buffer p, Buffer dp, Buffer m, Buffer v, int n, double lr, double b1, double b2, double s,
            int t, double decay) {
        step(p, dp, m, v, n, lr, b1, b2, s, t, decay, 1e9);
    }

    private static void step(Buffer p, Buffer dp, Buffer m, Buffer v, int n, double lr, double b1, double b2, double s,
            int t, double decay, double limit) {
        p.type.call("Optimizers", "adamW", p, dp, m, v, n, lr, b1, (1 - b1) * s, b2, (1 - b2) * s * s,
                1 / (1 - Math.pow(b1, t)), 1 / (1 - Math.pow(b2, t)), 1e-8, decay, limit);
    }

    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 40), Arbitraries.of(64, 65, 4095, 4096, 4097, 9001));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void adamWEqualsItsFormula(@ForAll Type type, @ForAll("lengths") int n, @ForAll @IntRange(min = 1, max = 50) int t,
            @ForAll boolean clipped, @ForAll long seed) {
        Buffer p = Buffer.gaussians(type, seed, n);
        Buffer dp = Buffer.gaussians(type, seed + 1, n);
        Buffer m = Buffer.gaussians(type, seed + 2, n);
        Buffer v = Buffer.random(type, seed + 3, n, x -> x * x);
        double b1 = 0.9;
        double b2 = 0.999;
        double lr = 0.01;
        double decay = 0.1;
        double s = clipped ? 0.25 : 1;
        double limit = clipped ? 1e9 : type.rounded(0.7);
        double[][] expected = new double[3][n];
        double[][] allowed = new double[3][n];
        for (int i = 0; i < n; i++) {
            double g = s * Math.clamp(dp.get(i), -limit, limit);
            double mean = b1 * m.get(i) + (1 - b1) * g;
            double square = b2 * v.get(i) + (1 - b2) * g * g;
            double move = mean / (1 - Math.pow(b1, t)) / (Math.sqrt(square / (1 - Math.pow(b2, t))) + 1e-8);
            expected[0][i] = mean;
            expected[1][i] = square;
            expected[2][i] = p.get(i) - lr * (move + decay * p.get(i));
            allowed[0][i] = 6 * type.unit * (Math.abs(m.get(i)) + Math.abs(g));
            allowed[1][i] = 6 * type.unit * square;
            double relative = allowed[0][i] / Math.max(Math.abs(mean), 1e-30);
            allowed[2][i] = 2 * type.unit * Math.abs(p.get(i)) + lr * Math.abs(move) * (relative + 40 * type.unit);
        }
        step(p, dp, m, v, n, lr, b1, b2, s, t, decay, limit);
        m.requireNear("first moment", expected[0], allowed[0]);
        v.requireNear("second moment", expected[1], allowed[1]);
        p.requireNear("parameter", expected[2], allowed[2]);
        dp.requireGuards();
    }

    @Example
    void momentsOfAnIdleExpertReachExactZeroAndAreNeverSubnormal() {
        int n = 37;
        for (Type type : Type.values()) {
            Buffer p = Buffer.gaussians(type, 1, n);
            Buffer dp = Buffer.random(type, 2, n, x -> 0);
            Buffer m = Buffer.gaussians(type, 3, n);
            Buffer v = Buffer.random(type, 4, n, x -> x * x);
            int t = 0;
            for (boolean zero = false; !zero; t++) {
                step(p, dp, m, v, n, 1e-3, 0.9, 0.95, 1, t + 1, 0);
                assertTrue(t < 20_000, type + ": moments still not 0");
                zero = true;
                for (int i = 0; i < n; i++) {
                    requireNormal(m.get(i), type);
                    requireNormal(v.get(i), type);
                    zero &= m.get(i) == 0 && v.get(i) == 0;
                }
            }
            double[] before = p.values();
            step(p, dp, m, v, n, 1e-3, 0.9, 0.95, 1, t, 0);
            p.requireNear("parameters of an idle expert", before, new double[n]);
        }
    }

    @Example
    void tinyGradientsGiveNoSubnormalMoments() {
        for (Type type : Type.values()) {
            double root = Math.sqrt(type.minNormal);
            Buffer dp = Buffer.of(type, type.minNormal, -type.minNormal, 4 * type.minNormal, root, -3 * root, 40 * root,
                    0);
            int n = dp.length;
            Buffer p = Buffer.gaussians(type, 1, n);
            Buffer m = Buffer.random(type, 3, n, x -> 0);
            Buffer v = Buffer.random(type, 4, n, x -> 0);
            for (int t = 1; t < 50; t++) {
                step(p, dp, m, v, n, 1e-3, 0.9, 0.999, 1, t, 0);
                for (int i = 0; i < n; i++) {
                    requireNormal(m.get(i), type);
                    requireNormal(v.get(i), type);
                    assertTrue(Double.isFinite(p.get(i)));
                }
            }
            assertEquals(0, v.get(n - 1));
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void descentEqualsItsFormula(@ForAll Type type, @ForAll("lengths") int n, @ForAll boolean nesterov,
            @ForAll long seed) {
        Buffer dp = Buffer.gaussians(type, seed, n);
        Buffer plain = Buffer.gaussians(type, seed + 1, n);
        Buffer p = plain.copy();
        Buffer m = Buffer.gaussians(type, seed + 2, n);
        double lr = 0.1;
        double b = 0.75;
        double c = 0.5;
        double s = 0.25;
        double l2 = 0.125;
        double decay = 0.0625;
        double limit = 0.5;
        double cm = nesterov ? c * b : c;
        double cg = nesterov ? c : 0;
        double[][] expected = new double[3][n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            double h = s * Math.clamp(dp.get(i), -limit, limit) + l2 * p.get(i);
            expected[0][i] = b * m.get(i) + h;
            expected[1][i] = p.get(i) - lr * (cm * expected[0][i] + cg * h + decay * p.get(i));
            expected[2][i] = p.get(i) - lr * (c * h + decay * p.get(i));
            allowed[i] = 8 * type.unit * (Math.abs(p.get(i)) + Math.abs(m.get(i)) + limit);
        }
        type.call("Optimizers", "momentum", p, dp, m, n, lr, b, cm, cg, s, l2, decay, limit);
        m.requireNear("momentum", expected[0], allowed);
        p.requireNear("parameter with momentum", expected[1], allowed);
        type.call("Optimizers", "descend", plain, dp, n, lr, c, s, l2, decay, limit);
        plain.requireNear("parameter", expected[2], allowed);
        dp.requireGuards();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void runningMeansEqualTheirFormulas(@ForAll Type type, @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, n);
        Buffer m = Buffer.gaussians(type, seed + 1, n);
        Buffer v = Buffer.random(type, seed + 2, n, z -> z * z);
        double[] mean = new double[n];
        double[] square = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            double g = Math.clamp(x.get(i), -0.5, 0.5);
            mean[i] = 0.75 * m.get(i) + 0.25 * x.get(i);
            square[i] = 0.75 * v.get(i) + 0.125 * g * g + 0.0625;
            allowed[i] = 8 * type.unit * (Math.abs(m.get(i)) + Math.abs(x.get(i)) + v.get(i) + 1);
        }
        type.call("Optimizers", "average", m, x, n, 0.75, 0.25);
        m.requireNear("mean", mean, allowed);
        type.call("Optimizers", "averageSquares", v, x, n, 0.75, 0.125, 0.0625, 0.5);
        v.requireNear("mean of squares", square, allowed);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void meansOverLinesAndColumnsEqualTheirFormulas(@ForAll Type type, @ForAll @IntRange(min = 1, max = 70) int lines,
            @ForAll @IntRange(min = 1, max = 130) int n, @ForAll boolean many, @ForAll long seed) {
        int rows = many ? lines + 1_000 : lines;
        int apart = n + 3;
        Buffer g = Buffer.gaussians(type, seed, rows * apart);
        Buffer column = Buffer.random(type, seed + 1, n, z -> z * z);
        double w = 0.25 * 0.5 * 0.5 / rows;
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int j = 0; j < n; j++) {
            expected[j] = 0.75 * column.get(j) + 0.25 * 1e-3;
            for (int i = 0; i < rows; i++) {
                expected[j] += w * square(g.get((long) i * apart + j));
            }
            allowed[j] = (rows + 20) * type.unit * expected[j];
        }
        type.call("Optimizers", "columnSquares", g, (long) apart * type.bytes, column, rows, n, 0.75, w, 0.25 * 1e-3, 0.5);
        column.requireNear("columns", expected, allowed);

        Buffer line = Buffer.random(type, seed + 2, lines, z -> z * z);
        expected = new double[lines];
        allowed = new double[lines];
        for (int i = 0; i < lines; i++) {
            double mean = 0;
            for (int j = 0; j < n; j++) {
                mean += 0.25 * square(g.get((long) i * n + j)) / n;
            }
            expected[i] = 0.75 * line.get(i) + 0.25 * (mean + 1e-3);
            allowed[i] = (n + 20) * type.unit * expected[i];
        }
        type.call("Optimizers", "lineSquares", g, line, lines, n, 0.75, 0.25, 0.5, 1e-3, 0.5);
        line.requireNear("lines", expected, allowed);
    }

    private static double square(double g) {
        return Math.pow(Math.clamp(g, -0.5, 0.5), 2);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void factoredUpdatesEqualTheirFormula(@ForAll Type type, @ForAll @IntRange(min = 1, max = 3) int outer,
            @ForAll @IntRange(min = 1, max = 4) int height, @ForAll @IntRange(min = 1, max = 3) int middle,
            @ForAll @IntRange(min = 1, max = 70) int n, @ForAll("inners") int inner, @ForAll long seed) {
        int lines = outer * height * middle;
        int size = lines * n * inner;
        Buffer g = Buffer.gaussians(type, seed, size);
        Buffer row = Buffer.random(type, seed + 1, lines * inner, z -> 0.1 + z * z);
        Buffer mean = Buffer.random(type, seed + 2, outer * middle * inner, z -> 0.1 + z * z);
        Buffer column = Buffer.random(type, seed + 3, outer * middle * n * inner, z -> 0.1 + z * z);
        Buffer v = Buffer.random(type, seed + 4, size, z -> 0.1 + z * z);
        Buffer[] p = {Buffer.gaussians(type, seed + 5, size), Buffer.gaussians(type, seed + 5, size)};
        Buffer[] m = {Buffer.gaussians(type, seed + 6, size), Buffer.gaussians(type, seed + 6, size)};
        int first = lines / 3;
        double[][] moved = {p[0].values(), p[1].values()};
        double[][] averaged = {m[0].values(), m[1].values()};
        double[] sums = new double[2];
        double[] allowed = new double[size];
        int at = 0;
        for (int line = 0; line < lines; line++) {
            int group = line / (height * middle) * middle + line % middle;
            for (int y = 0; y < n; y++) {
                for (int z = 0; z < inner; z++, at++) {
                    double factored = row.get((long) line * inner + z) * column.get(((long) group * n + y) * inner + z)
                            / mean.get((long) group * inner + z);
                    double[] u = {0.25 * Math.clamp(g.get(at), -1, 1) / Math.sqrt(factored),
                        0.25 * Math.clamp(g.get(at), -1, 1) / Math.sqrt(v.get(at))};
                    for (int kind = line < first ? 1 : 0; kind < 2; kind++) {
                        sums[kind] += u[kind] * u[kind];
                        averaged[kind][at] = 0.75 * averaged[kind][at] + 0.5 * u[kind];
                        moved[kind][at] -= 0.125 * (0.5 * u[kind] + 0.0625 * moved[kind][at]);
                    }
                    allowed[at] = 20 * type.unit * (4 + Math.abs(u[0]) + Math.abs(u[1]) + Math.abs(moved[0][at]));
                }
            }
        }
        double squares = (Double) type.call("Optimizers", "factoredSquares", g, row, mean, column, first, lines - first, height,
                middle, n, inner, 0.25, 1);
        assertEquals(sums[0], squares, 200 * type.unit * sums[0]);
        type.call("Optimizers", "factoredAverage", m[0], g, row, mean, column, first, lines - first, height, middle, n, inner,
                0.75, 0.5, 0.25, 1);
        m[0].requireNear("factored average", averaged[0], allowed);
        type.call("Optimizers", "factoredMove", p[0], g, row, mean, column, first, lines - first, height, middle, n, inner, 0.125,
                0.5, 0.0625, 0.25, 1);
        p[0].requireNear("factored move", moved[0], allowed);
        squares = (Double) type.call("Optimizers", "scaledSquares", g, v, size, 0.25, 1);
        assertEquals(sums[1], squares, 200 * type.unit * sums[1]);
        type.call("Optimizers", "scaledAverage", m[1], g, v, size, 0.75, 0.5, 0.25, 1);
        m[1].requireNear("average", averaged[1], allowed);
        type.call("Optimizers", "scaledMove", p[1], g, v, size, 0.125, 0.5, 0.0625, 0.25, 1);
        p[1].requireNear("move", moved[1], allowed);
    }

    @Provide
    Arbitrary<Integer> inners() {
        return Arbitraries.of(1, 1, 2, 7, 19);
    }

    /** A row that is next to nothing beside the mean: what cannot be divided by is not. */
    @Example
    void aRowWithoutGradientsStaysFinite() {
        for (Type type : Type.values()) {
            for (int inner : new int[] {1, 2}) {
                Buffer p = Buffer.gaussians(type, 1, 3 * inner);
                double[] before = p.values();
                Buffer g = Buffer.random(type, 2, 3 * inner, x -> 0);
                Buffer row = Buffer.random(type, 3, inner, x -> 1e-30);
                Buffer mean = Buffer.random(type, 4, inner, x -> type.minNormal < 1e-40 ? 1e300 : 1e30);
                Buffer column = Buffer.random(type, 5, 3 * inner, x -> 1e-30);
                type.call("Optimizers", "factoredMove", p, g, row, mean, column, 0, 1, 1, 1, 3, inner, 1, 1, 0, 1, 1);
                p.requireNear("parameters without gradients", before, new double[3 * inner]);
            }
        }
    }

    @Example
    void meansBelowTheNormalRangeBecomeZero() {
        for (Type type : Type.values()) {
            int n = 37;
            Buffer none = Buffer.random(type, 1, n, x -> 0);
            Buffer ones = Buffer.random(type, 2, n, x -> 1);
            double[] zeros = new double[n];
            for (int kernel = 0; kernel < 5; kernel++) {
                Buffer m = Buffer.random(type, 3, n, x -> Math.copySign(1.5 * type.minNormal, x));
                Buffer v = Buffer.random(type, 3, n, x -> 1.5 * type.minNormal);
                switch (kernel) {
                    case 0 -> type.call("Optimizers", "momentum", ones, none, m, n, 0, 0.5, 1, 0, 1, 0, 0, 1);
                    case 1 -> type.call("Optimizers", "average", m, none, n, 0.5, 0.5);
                    case 2 -> type.call("Optimizers", "scaledAverage", m, none, ones, n, 0.5, 0.5, 1, 1);
                    case 3 -> type.call("Optimizers", "factoredAverage", m, none, ones, ones, ones, 0, 1, 1, 1, 1, n, 0.5, 0.5, 1,
                            1);
                    default -> type.call("Optimizers", "averageSquares", m = v, none, n, 0.5, 0.5, 0, 1);
                }
                m.requireNear("kernel " + kernel, zeros, zeros);
            }
        }
    }

    private static void requireNormal(double x, Type type) {
        assertTrue(x == 0 || Math.abs(x) >= type.minNormal, type + " subnormal moment " + x);
    }
}

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

/** AdamW against its formula in float64, and its moments without gradients. */
class OptimizersProperties {
    private static void step(Buffer p, Buffer dp, Buffer m, Buffer v, int n, double lr, double b1, double b2, double s,
            int t,
            double decay) {
        p.type.call("Optimizers", "adamW", p, dp, m, v, n, lr, b1, (1 - b1) * s, b2, (1 - b2) * s * s,
                1 / (1 - Math.pow(b1, t)), 1 / (1 - Math.pow(b2, t)), 1e-8, decay, 1e9);
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
        double[][] expected = new double[3][n];
        double[][] allowed = new double[3][n];
        for (int i = 0; i < n; i++) {
            double g = s * dp.get(i);
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
        step(p, dp, m, v, n, lr, b1, b2, s, t, decay);
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

    private static void requireNormal(double x, Type type) {
        assertTrue(x == 0 || Math.abs(x) >= type.minNormal, type + " subnormal moment " + x);
    }
}

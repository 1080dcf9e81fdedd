package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The exponential function, on which softmax, sigmoid, GELU and the losses stand. */
class ExpTest {
    private static final int CHUNK = 1 << 14;

    private static double[] exp(Type type, double... x) {
        Buffer in = Buffer.of(type, x);
        Buffer out = Buffer.of(type, x.length);
        type.call("Functions", "exp", in, out, x.length);
        out.requireGuards();
        return out.values();
    }

    /** The largest error in ulps of the exact results' type, over chunks of arguments. */
    private static double worst(Type type, double[] x) {
        double worst = 0;
        double[] y = exp(type, x);
        for (int i = 0; i < x.length; i++) {
            double exact = StrictMath.exp(x[i]);
            if (exact >= type.minNormal) {
                worst = Math.max(worst, Math.abs(y[i] - exact) / type.ulp(exact));
            }
        }
        return worst;
    }

    @Test
    void floatExpIsWithinTwoUlpOverTheWholeRange() {
        // every 1021st float from 2^-40 to the overflow, of both signs: three quarters of a million arguments
        int first = Float.floatToRawIntBits(0x1p-40f);
        int last = Float.floatToRawIntBits(88.722f);
        double worst = 0;
        for (int bits = first; bits < last;) {
            double[] x = new double[CHUNK];
            for (int i = 0; i < CHUNK; i += 2, bits += 1021) {
                x[i] = Float.intBitsToFloat(Math.min(bits, last));
                x[i + 1] = Math.max(-x[i], -87.336f);
            }
            worst = Math.max(worst, worst(Type.FLOAT, x));
        }
        assertTrue(worst <= 2, "worst error " + worst + " ulp");
    }

    @Test
    void doubleExpIsWithinTwoUlpOverTheWholeRange() {
        SplittableRandom random = new SplittableRandom(1);
        double worst = 0;
        for (int chunk = 0; chunk < 40; chunk++) {
            double scale = chunk % 4 == 0 ? 1 : 708;
            worst = Math.max(worst, worst(Type.DOUBLE, random.doubles(CHUNK, -scale, scale).toArray()));
        }
        assertTrue(worst <= 2, "worst error " + worst + " ulp");
    }

    @ParameterizedTest
    @EnumSource
    void resultsBelowTheNormalRangeAreExactlyZero(Type type) {
        double low = Math.log(type.minNormal);
        for (double x : new double[] {low - 0.001, low - 1, low - 15, 2 * low, 1000 * low, -type.rounded(3e38),
            Double.NEGATIVE_INFINITY}) {
            assertEquals(0, exp(type, x)[0], "exp(" + x + ")");
        }
        double least = exp(type, low + 0.001)[0];
        assertTrue(least >= type.minNormal && least < 1.01 * type.minNormal, "the least normal result " + least);
    }

    @ParameterizedTest
    @EnumSource
    void noArgumentGivesASubnormal(Type type) {
        double low = Math.log(type.minNormal);
        double[] x = new double[4001];
        for (int i = 0; i < x.length; i++) {
            x[i] = low + (i - 2000) * 1e-5;
        }
        for (double y : exp(type, x)) {
            assertTrue(y == 0 || y >= type.minNormal, "subnormal " + y);
        }
    }

    @ParameterizedTest
    @EnumSource
    void largeArgumentsOverflowToInfinityAndNotBefore(Type type) {
        double high = type == Type.FLOAT ? Math.log(Float.MAX_VALUE) : Math.log(Double.MAX_VALUE);
        assertEquals(Double.POSITIVE_INFINITY, exp(type, Double.POSITIVE_INFINITY)[0]);
        assertEquals(Double.POSITIVE_INFINITY, exp(type, high + 0.01)[0]);
        assertEquals(Double.POSITIVE_INFINITY, exp(type, type.rounded(1e38))[0]);
        double most = exp(type, high - 0.01)[0];
        assertEquals(1, most / StrictMath.exp(type.rounded(high - 0.01)), 8 * type.unit);
    }

    @ParameterizedTest
    @EnumSource
    void zeroGivesOneAndNanGivesNan(Type type) {
        double[] y = exp(type, 0, -0.0, Double.NaN, type.minNormal, -type.minNormal);
        assertEquals(1, y[0]);
        assertEquals(1, y[1]);
        assertTrue(Double.isNaN(y[2]));
        assertEquals(1, y[3]);
        assertEquals(1, y[4]);
    }
}

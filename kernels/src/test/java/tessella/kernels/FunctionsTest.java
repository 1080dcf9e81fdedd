package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.reference.Array;
import tessella.reference.ElementwiseOracle;

/**
 * The largest error of each function over the whole range of arguments, in units in the last place of the result; the
 * figures of docs/operators.md. Results of subnormal size, which are flushed, do not count.
 */
class FunctionsTest {
    private static final int CHUNK = 1 << 14;

    /** Functions with their bounds: float32 over all floats, float64 over random ones against a reference good to an ulp. */
    enum Function {
        EXP("exp", StrictMath::exp, 1.0, 2),
        EXPM1("expm1", StrictMath::expm1, 1.5, 3),
        LOG("log", StrictMath::log, 1.0, 2),
        LOG1P("log1p", StrictMath::log1p, 1.0, 2),
        SIN("sin", StrictMath::sin, 1.6, 3),
        COS("cos", StrictMath::cos, 1.6, 3),
        TANH("tanh", StrictMath::tanh, 2.5, 4),
        ERF("erf", ElementwiseOracle::erf, 1.1, 16),
        // the left tail too; there the reference loses a thousand ulp of a double in the exponent
        GELU_ERF("geluErf", x -> ElementwiseOracle.geluErf(Array.scalar(x)).item(), 12, 4096),
        SIGMOID("sigmoid", x -> 1 / (1 + StrictMath.exp(-x)), 2.5, 4),
        SOFTPLUS("softplus", x -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x))), 1.7, 3),
        LOG_SIGMOID("logSigmoid", x -> Math.min(x, 0) - StrictMath.log1p(StrictMath.exp(-Math.abs(x))), 1.7, 3);

        private final String kernel;
        private final DoubleUnaryOperator exact;
        private final double floatUlps;
        private final double doubleUlps;

        Function(String kernel, DoubleUnaryOperator exact, double floatUlps, double doubleUlps) {
            this.kernel = kernel;
            this.exact = exact;
            this.floatUlps = floatUlps;
            this.doubleUlps = doubleUlps;
        }

        double worst(Type type, double[] x) {
            Buffer in = Buffer.of(type, x);
            Buffer out = Buffer.of(type, x.length);
            type.call("Functions", kernel, in, out, x.length);
            double worst = 0;
            for (int i = 0; i < x.length; i++) {
                double y = exact.applyAsDouble(in.get(i));
                if (Double.isFinite(type.rounded(y)) && Math.abs(y) >= type.minNormal) {
                    double error = Math.abs(out.get(i) - y) / type.ulp(y);
                    // not max: a NaN must show
                    worst = error <= worst ? worst : error;
                }
            }
            return worst;
        }
    }

    @ParameterizedTest
    @EnumSource
    void floatFunctionsAreWithinTheirBoundOverAllFloats(Function function) {
        // every 16,381st float of both signs: a quarter of a million arguments
        double worst = 0;
        double[] x = new double[CHUNK];
        int n = 0;
        for (long bits = 0; bits < 1L << 32; bits += 16_381) {
            float v = Float.intBitsToFloat((int) bits);
            if (!Float.isNaN(v)) {
                x[n++] = v;
            }
            if (n == CHUNK) {
                worst = Math.max(worst, function.worst(Type.FLOAT, x));
                n = 0;
            }
        }
        assertTrue(worst <= function.floatUlps, "worst error " + worst + " ulp");
        assertTrue(worst > 0.3, "no argument was tried");
    }

    @ParameterizedTest
    @EnumSource
    void doubleFunctionsAreWithinTheirBound(Function function) {
        SplittableRandom random = new SplittableRandom(1);
        double worst = 0;
        for (int chunk = 0; chunk < 40; chunk++) {
            double[] x = new double[CHUNK];
            for (int i = 0; i < CHUNK; i++) {
                x[i] = Math.scalb(random.nextDouble(-2, 2), random.nextInt(-chunk, 11));
            }
            worst = Math.max(worst, function.worst(Type.DOUBLE, x));
        }
        assertTrue(worst <= function.doubleUlps, "worst error " + worst + " ulp");
    }
}

package tessella.models.nn;

import tessella.engine.Draws;
import tessella.engine.NdArray;
import tessella.engine.Random;

/** How the values of a parameter start. A value depends on the seed, the parameter's name and its index only. */
@FunctionalInterface
public interface Initializer {
    /** Standard deviation of the standard normal cut at -2 and 2. */
    double TRUNCATED = 0.87962566103423978;

    /** The value of element index. */
    double value(Random random, long index);

    /** Every element c. */
    static Initializer constant(double c) {
        return (random, index) -> c;
    }

    /** Normal with mean 0 and this standard deviation. */
    static Initializer normal(double std) {
        return (random, index) -> std * random.normal(index);
    }

    /** LeCun: normal cut at two standard deviations, of variance 1 / fanIn after the cut. */
    static Initializer lecunNormal(long fanIn) {
        double std = 1 / (Math.sqrt(fanIn) * TRUNCATED);
        return (random, index) -> std * random.truncatedNormal(index);
    }

    /** Xavier (Glorot): uniform in +-sqrt(6 / (fanIn + fanOut)). */
    static Initializer xavierUniform(long fanIn, long fanOut) {
        double limit = Math.sqrt(6.0 / (fanIn + fanOut));
        return new Uniform(limit);
    }

    /** Uniform in +-limit. */
    record Uniform(double limit) implements Initializer {
        @Override
        public double value(Random random, long index) {
            return limit * (2 * random.uniform(index) - 1);
        }

        @Override
        public void values(Random random, long first, double[] out) {
            random.uniform(first, out);
            for (int i = 0; i < out.length; i++) {
                out[i] = limit * (2 * out[i] - 1);
            }
        }
    }

    /** The same values in each of the consecutive blocks of this size: bit-identical experts. */
    default Initializer repeated(long block) {
        return (random, index) -> value(random, index % block);
    }

    /** out_i = {@link #value}(random, first + i). */
    default void values(Random random, long first, double[] out) {
        for (int i = 0; i < out.length; i++) {
            out[i] = value(random, first + i);
        }
    }

    /** Fills an array, on all threads of the team. */
    default void fill(NdArray target, Random random) {
        Draws.fill(target, (first, out) -> values(random, first, out));
    }
}

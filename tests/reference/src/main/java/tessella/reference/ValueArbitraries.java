package tessella.reference;

import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/**
 * Generators of values for property tests. All values are exactly representable in float32, so that a float32 run and
 * the float64 reference start from the same numbers.
 */
public final class ValueArbitraries {
    private ValueArbitraries() {}

    /** The kinds of values at which numerical code goes wrong. */
    public enum Kind {
        /** The standard normal distribution. */
        NORMAL,
        /** Normal, times 10^4. */
        HUGE,
        /** Normal, times 10^-20: squares underflow in float32. */
        TINY,
        /** One value everywhere. */
        EQUAL,
        /** Zeros, of both signs. */
        ZERO,
        /** Normal, each times a power of ten between 10^-6 and 10^6. */
        MIXED,
        /** Small whole numbers: many ties. */
        TIES
    }

    /** An array of the given shape and kind, always the same for the same seed. */
    public static Array array(long seed, Kind kind, int... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        double one = random.nextGaussian();
        return Array.fill(shape, index -> switch (kind) {
            case NORMAL -> random.nextGaussian();
            case HUGE -> 1e4 * random.nextGaussian();
            case TINY -> 1e-20 * random.nextGaussian();
            case EQUAL -> one;
            case ZERO -> random.nextBoolean() ? 0.0 : -0.0;
            case MIXED -> random.nextGaussian() * Math.pow(10, random.nextInt(-6, 7));
            case TIES -> random.nextInt(-2, 3);
        }).roundedToFloat();
    }

    /** A normally distributed array, always the same for the same seed. */
    public static Array normal(long seed, int... shape) {
        return array(seed, Kind.NORMAL, shape);
    }

    /** Seeds. */
    public static Arbitrary<Long> seeds() {
        return Arbitraries.longs();
    }

    /** Arrays of generated shapes and of one of the given kinds; of every kind when none is given. */
    public static Arbitrary<Array> arrays(Arbitrary<int[]> shapes, Kind... kinds) {
        Arbitrary<Kind> kind = Arbitraries.of(kinds.length == 0 ? Kind.values() : kinds);
        return Combinators.combine(seeds(), kind, shapes).as(ValueArbitraries::array);
    }
}

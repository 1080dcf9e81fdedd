package tessella.engine;

import java.nio.charset.StandardCharsets;

/**
 * Random numbers as a function of (seed, name, step, index, element): nothing is drawn in order, so a micro-batch, a
 * recomputed block or another rank gets what the full batch would.
 *
 * <p>Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011), keyed by a hash of seed and
 * name; the counter holds step, index and element. Immutable and thread-safe.
 */
public final class Random {
    private static final int ROUNDS = 10;
    /** Where the further draws of a rejected number are: elements of a program are smaller. */
    private static final int RETRY = 56;

    private final long key;
    private final long step;
    private final int index;

    /** A stream with a raw key. */
    Random(long key, long step, int index) {
        this.key = key;
        this.step = step;
        this.index = index;
    }

    /** The stream of a name, such as "shuffle" or the name of a parameter. */
    public static Random of(long seed, String name) {
        // FNV-1a over the name, then a bijective mix with the seed
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return new Random(mix(hash ^ mix(seed)), 0, 0);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** The stream of one step (of training, or an epoch) and one index (of an example). */
    public Random at(long step, int index) {
        return new Random(key, step, index);
    }

    /** 32 random bits for an element, a number from 0 on. */
    public int bits(long element) {
        int[] four = new int[4];
        draw(element >>> 2, four);
        return switch ((int) element & 3) {
            case 0 -> four[0];
            case 1 -> four[1];
            case 2 -> four[2];
            default -> four[3];
        };
    }

    /** The bits of elements 4 block to 4 block + 3. */
    private void draw(long block, int[] four) {
        int c0 = (int) block;
        int c1 = index ^ (int) (block >>> 32) * 0x9e3779b9;
        int c2 = (int) step;
        int c3 = (int) (step >>> 32);
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = (c0 & 0xffffffffL) * 0xd2511f53L;
            long p1 = (c2 & 0xffffffffL) * 0xcd9e8d57L;
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += 0x9e3779b9;
            k1 += 0xbb67ae85;
        }
        four[0] = c0;
        four[1] = c1;
        four[2] = c2;
        four[3] = c3;
    }

    /** Uniform in the open interval (0, 1), a multiple of 2^-33: 32 bits and a half. */
    public double uniform(long element) {
        return uniform(bits(element));
    }

    /** out_i = {@link #uniform(long) uniform}(first + i), four for the price of one. */
    public void uniform(long first, double[] out) {
        int[] four = new int[4];
        for (int i = 0; i < out.length; i++) {
            int of = (int) (first + i) & 3;
            if (i == 0 || of == 0) {
                draw((first + i) >>> 2, four);
            }
            out[i] = uniform(four[of]);
        }
    }

    private static double uniform(int bits) {
        return ((bits & 0xffffffffL) + 0.5) * 0x1p-32;
    }

    /**
     * An integer exactly uniform in [0, bound), for elements below 2^56: floor(x bound / 2^32) for 32 random bits x, which
     * are drawn again, from the element plus 2^56, 2 2^56 and so on, while x bound mod 2^32 is below 2^32 mod bound (Lemire,
     * Fast random integer generation in an interval, 2019).
     *
     * @throws IllegalArgumentException if bound is not positive
     */
    public int below(int bound, long element) {
        if (bound < 1) {
            throw new IllegalArgumentException("random: expected a bound of at least 1, found " + bound);
        }
        long product = (bits(element) & 0xffffffffL) * bound;
        // a remainder of at least bound is never rejected, and spares the division
        if ((product & 0xffffffffL) < bound) {
            long least = (1L << 32) % bound;
            for (long retry = 1; (product & 0xffffffffL) < least; retry++) {
                product = (bits(element + (retry << RETRY)) & 0xffffffffL) * bound;
            }
        }
        return (int) (product >>> 32);
    }

    /** Standard normal, by Box and Muller from two elements of its own. */
    public double normal(long element) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(uniform(2 * element)));
        return radius * StrictMath.cos(2 * StrictMath.PI * uniform(2 * element + 1));
    }

    /** Standard normal conditioned on [-2, 2], by rejection from a sequence of its own for each element. */
    public double truncatedNormal(long element) {
        for (long attempt = 0;; attempt++) {
            double x = normal(element * 64 + attempt);
            if (Math.abs(x) <= 2 || attempt == 63) {
                return Math.clamp(x, -2, 2);
            }
        }
    }

    /** A random order of [0, n), by Fisher and Yates. */
    public int[] permutation(int n) {
        int[] out = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(i + 1, i);
            out[i] = out[j];
            out[j] = i;
        }
        return out;
    }
}

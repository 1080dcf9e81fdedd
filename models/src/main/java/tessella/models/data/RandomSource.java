package tessella.models.data;

import tessella.engine.Random;

/** Where a random transform takes its numbers from; the caller decides what they are keyed by. */
@FunctionalInterface
public interface RandomSource {
    /**
     * Draws one number.
     *
     * @param bound the exclusive upper bound, at least 1
     * @return a number from 0 to {@code bound - 1}, each equally likely
     */
    int nextInt(int bound);

    /**
     * Draws one real number, by one {@link #nextInt}.
     *
     * @return (k + 1/2) / 2^30 for k from 0 to 2^30 - 1, each equally likely: never 0 and never 1
     */
    default double nextUniform() {
        return (nextInt(1 << 30) + 0.5) * 0x1p-30;
    }

    /**
     * Draws one standard normal number by Box and Muller, from two uniform ones.
     *
     * @return sqrt(-2 ln u) cos(2 pi v)
     */
    default double nextNormal() {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(nextUniform()));
        return radius * StrictMath.cos(2 * StrictMath.PI * nextUniform());
    }

    /**
     * Draws the elements 0, 1, 2 and so on of a keyed stream. With
     * {@code RandomSource.of(Random.of(seed, name).at(step, example))} an example gets the same numbers on any thread, in
     * any order and in a batch of any size.
     *
     * @param random the stream of one step and one example
     * @return a source at its beginning, for one thread
     */
    static RandomSource of(Random random) {
        return new RandomSource() {
            private long drawn;

            @Override
            public int nextInt(int bound) {
                return random.below(bound, drawn++);
            }
        };
    }
}

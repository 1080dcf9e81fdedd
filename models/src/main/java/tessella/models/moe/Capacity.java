package tessella.models.moe;

/** C, how many tokens of a group an expert has room for. */
public sealed interface Capacity {
    /**
     * C for so many choices (tokens, or tokens times experts of each) over so many experts, at least 1.
     *
     * @throws IllegalArgumentException if that is below 1 before it is brought to a multiple
     */
    int of(long choices, int experts);

    /** A few words for people. */
    String describe();

    /** The same number, whatever the group. */
    record Fixed(int rows) implements Capacity {
        /** Checks that there is room. */
        public Fixed {
            if (rows < 1) {
                throw new IllegalArgumentException("capacity: expected room for at least 1 token, found " + rows);
            }
        }

        @Override
        public int of(long choices, int experts) {
            return rows;
        }

        @Override
        public String describe() {
            return "capacity " + rows;
        }
    }

    /**
     * choices factor / experts, rounded, then brought up to a multiple.
     *
     * @param factor Cf, 1 for just enough room if all experts are chosen alike
     * @param rounding how that becomes whole
     * @param multipleOf 4 in the published V-MoE, 1 for none
     */
    record Factor(double factor, Rounding rounding, int multipleOf) implements Capacity {
        /** Checks the ranges. */
        public Factor {
            if (!(factor > 0 && factor < Double.POSITIVE_INFINITY) || multipleOf < 1) {
                throw new IllegalArgumentException("capacity: expected a positive factor and a multiple of at least 1, found "
                        + factor + " and " + multipleOf);
            }
        }

        @Override
        public int of(long choices, int experts) {
            double exact = choices * factor / experts;
            double whole = rounding == Rounding.UP ? Math.ceil(exact) : Math.rint(exact);
            if (whole < 1) {
                throw new IllegalArgumentException("capacity: expected room for at least 1 token of an expert, found " + choices
                        + " choices times " + factor + " over " + experts
                        + " experts; use larger groups, fewer experts or a larger factor");
            }
            return Math.toIntExact(Math.ceilDiv((long) whole, multipleOf) * multipleOf);
        }

        @Override
        public String describe() {
            return "capacity factor " + factor + (multipleOf == 1 ? "" : " in multiples of " + multipleOf);
        }
    }

    /** How a number becomes whole. */
    enum Rounding {
        /** To the next larger one. */
        UP,
        /** To the nearest one, a half to the even one. */
        HALF_EVEN
    }
}

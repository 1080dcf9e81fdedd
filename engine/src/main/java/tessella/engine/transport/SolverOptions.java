package tessella.engine.transport;

/**
 * How a transport problem is solved; {@link #DEFAULT} and the methods that change one of these.
 *
 * @param formulation the function that is climbed
 * @param ascent how
 * @param tolerance of the marginals: the solver stops when no row and no column is off by more
 * @param change the ascent stops too when an iteration changes the value by no more than that times the larger of 1 and its size; 0: never
 * @param maxIterations of the ascent, at least 0
 * @param start where it begins
 * @param polish what is done to the potentials that the ascent found
 * @param certificate whether an upper bound of the least cost is computed too
 */
public record SolverOptions(Formulation formulation, Ascent ascent, double tolerance, double change, int maxIterations, Start start,
        Polish polish, Certificate certificate) {
    /** What follows the ascent. */
    public enum Polish {
        /** Nothing. */
        NONE,
        /**
         * Semismooth Newton steps on the entries of the plan, damped on the largest marginal error, as long as that falls: to some 1e-15
         * where the ascent has found which entries the plan has, and the k-th and the next largest element of no column tie. The
         * solution of {@link Start.Unlimited} is polished too.
         */
        NEWTON
    }

    /** The upper bound of {@link TransportResult#upperBound}. */
    public enum Certificate {
        /** Computed. */
        COMPUTED,
        /** Left out, then infinite: it looks at every pair of a row and a column, and sorts columns. */
        LEFT_OUT
    }

    /** The semi-dual by L-BFGS of memory 10 from 0, to 1e-9 or 500 iterations, polished and certified. */
    public static final SolverOptions DEFAULT = new SolverOptions(Formulation.SEMI_DUAL, new Ascent.LBfgs(10), 1e-9, 0, 500,
            new Start.Zero(), Polish.NEWTON, Certificate.COMPUTED);

    /**
     * What the routers of sparse mixtures of experts do: the semi-dual, Adam of rate 0.01, so many iterations from 0, whatever error is
     * left; neither polished nor certified.
     */
    public static SolverOptions router(int iterations) {
        return new SolverOptions(Formulation.SEMI_DUAL, Ascent.Adam.of(0.01), 0, 0, iterations, new Start.Zero(),
                Polish.NONE, Certificate.LEFT_OUT);
    }

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the tolerance or the change is negative or no number, or maxIterations is negative
     */
    public SolverOptions {
        if (!(tolerance >= 0) || !(change >= 0)) {
            throw new IllegalArgumentException("transport options: expected a tolerance and a change of at least 0, found " + tolerance + " and "
                    + change);
        }
        if (maxIterations < 0) {
            throw new IllegalArgumentException("transport options: expected at least 0 iterations, found " + maxIterations);
        }
    }

    /** With another function to climb. */
    public SolverOptions with(Formulation other) {
        return new SolverOptions(other, ascent, tolerance, change, maxIterations, start, polish, certificate);
    }

    /** With another way to climb. */
    public SolverOptions with(Ascent other) {
        return new SolverOptions(formulation, other, tolerance, change, maxIterations, start, polish, certificate);
    }

    /** With another start. */
    public SolverOptions with(Start other) {
        return new SolverOptions(formulation, ascent, tolerance, change, maxIterations, other, polish, certificate);
    }

    /** With or without Newton steps at the end. */
    public SolverOptions with(Polish other) {
        return new SolverOptions(formulation, ascent, tolerance, change, maxIterations, start, other, certificate);
    }

    /** With or without an upper bound. */
    public SolverOptions with(Certificate other) {
        return new SolverOptions(formulation, ascent, tolerance, change, maxIterations, start, polish, other);
    }

    /** To another tolerance, in other iterations at most. */
    public SolverOptions until(double toTolerance, int iterations) {
        return new SolverOptions(formulation, ascent, toTolerance, change, iterations, start, polish, certificate);
    }

    /** Until the value changes by no more than so much, too. */
    public SolverOptions untilChange(double ofValue) {
        return new SolverOptions(formulation, ascent, tolerance, ofValue, maxIterations, start, polish, certificate);
    }
}

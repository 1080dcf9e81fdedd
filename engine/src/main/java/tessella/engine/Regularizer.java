package tessella.engine;

import tessella.kernels.Norm;

/**
 * R(y) = lambda / p sum |y|^p, which makes sparse operators differentiable: the smaller lambda, the harder is the selection (Sander et al.
 * 2023, section 3).
 *
 * @param lambda at least 0, which is the hard operator, and may be infinite
 * @param p above 1: 2 is piecewise linear; 4/3 smoother, and as fast; others, such as 3/2, are found by Newton's method. Above 2 the gradient
 *     is without bound where an element is just selected, and taken as 0 there
 */
public record Regularizer(double lambda, double p) {
    /** Checks lambda and p. */
    public Regularizer {
        if (!(lambda >= 0)) {
            throw new IllegalArgumentException("regularizer: expected a lambda of at least 0, found " + lambda);
        }
        Norm.of(p);
    }

    /** p = 2. */
    public static Regularizer l2(double lambda) {
        return new Regularizer(lambda, 2);
    }

    /** p = 4/3. */
    public static Regularizer smooth(double lambda) {
        return new Regularizer(lambda, 4.0 / 3);
    }

    Norm norm() {
        return Norm.of(p);
    }
}

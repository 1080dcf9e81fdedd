package tessella.engine.transport;

/**
 * A climb on a concave function: where it stands, and the gradient there. After each step, and after one that failed, the function
 * was evaluated last where the climb stands.
 */
abstract class Climb {
    /** A concave function of a vector. */
    interface Hill {
        /** The value at x; the gradient is set. */
        double evaluate(double[] x, double[] gradient);

        /** Takes out of x what changes no value, if it is so large that values there lose their digits; whether it did. */
        boolean levels(double[] x);
    }

    final Hill hill;
    double[] x;
    double[] gradient;
    double value;

    Climb(Hill hill, double[] start) {
        this.hill = hill;
        x = start.clone();
        hill.levels(x);
        gradient = new double[x.length];
        value = hill.evaluate(x, gradient);
    }

    static Climb of(Ascent ascent, Hill hill, double[] start, double step) {
        return switch (ascent) {
            case Ascent.GradientAscent _ -> new GradientClimb(hill, start, step);
            case Ascent.Adam adam -> new AdamClimb(hill, start, adam);
            case Ascent.LBfgs lbfgs -> new LBfgsClimb(hill, start, lbfgs.memory());
        };
    }

    /** Takes a step; false if none leads up. */
    abstract boolean step();

    /** The largest size of an element of the gradient. */
    final double error() {
        return TransportResult.largest(gradient);
    }

    static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    static double[] moved(double[] x, double[] direction, double length) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] + length * direction[i];
        }
        return out;
    }
}

package tessella.engine.transport;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** L-BFGS with the weak Wolfe conditions; see {@link Ascent.LBfgs}. */
final class LBfgsClimb extends Climb {
    private static final double ENOUGH = 1e-4;
    private static final double FLATTER = 0.9;
    private static final int TRIALS = 50;
    private static final double CURVED = 1e-14;

    /** A step s and what the gradient lost along it, y; rho = 1 / s'y. */
    private record Pair(double[] s, double[] y, double rho) {}

    private final int memory;
    private final Deque<Pair> pairs = new ArrayDeque<>();

    LBfgsClimb(Hill hill, double[] start, int memory) {
        super(hill, start);
        this.memory = memory;
    }

    @Override
    boolean step() {
        double[] direction = direction();
        double slope = dot(gradient, direction);
        if (!(slope > 0)) {
            pairs.clear();
            direction = gradient.clone();
            slope = dot(gradient, gradient);
        }
        return slope > 0 && search(direction, slope);
    }

    /** Doubles the step while the function rises as steeply, and bisects once it has risen too little. */
    private boolean search(double[] direction, double slope) {
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double length = 1;
        double[] next = new double[x.length];
        for (int trial = 0; trial < TRIALS; trial++) {
            double[] there = moved(x, direction, length);
            double risen = hill.evaluate(there, next);
            if (!(risen >= value + ENOUGH * length * slope)) {
                high = length;
            } else if (dot(next, direction) > FLATTER * slope) {
                low = length;
            } else {
                return accept(there, risen, next);
            }
            length = high < Double.POSITIVE_INFINITY ? low + (high - low) / 2 : 2 * low;
        }
        // at a kink the slope never flattens; what has risen enough is taken
        double[] there = moved(x, direction, low);
        return accept(there, hill.evaluate(there, next), next);
    }

    /** Moves, unless neither the value rises nor, where it cannot for rounding, the gradient falls. */
    private boolean accept(double[] there, double claimed, double[] next) {
        // at a kink the rounding of a gradient may lead along the level, and steps double without end there
        double risen = hill.levels(there) ? hill.evaluate(there, next) : claimed;
        if (!(risen > value || risen == value && dot(next, next) < dot(gradient, gradient))) {
            hill.evaluate(x, gradient);
            return false;
        }
        double[] s = moved(there, x, -1);
        double[] y = moved(gradient, next, -1);
        double curvature = dot(s, y);
        if (curvature > CURVED * Math.sqrt(dot(s, s)) * Math.sqrt(dot(y, y))) {
            pairs.addLast(new Pair(s, y, 1 / curvature));
            if (pairs.size() > memory) {
                pairs.removeFirst();
            }
        }
        x = there;
        value = risen;
        gradient = next;
        return true;
    }

    /** The inverse Hessian times the gradient, by the two loops over the pairs. */
    private double[] direction() {
        double[] q = gradient.clone();
        double[] alphas = new double[pairs.size()];
        int at = pairs.size();
        for (Iterator<Pair> newest = pairs.descendingIterator(); newest.hasNext();) {
            Pair pair = newest.next();
            alphas[--at] = pair.rho * dot(pair.s, q);
            q = moved(q, pair.y, -alphas[at]);
        }
        if (!pairs.isEmpty()) {
            Pair last = pairs.getLast();
            double scale = 1 / (last.rho * dot(last.y, last.y));
            for (int i = 0; i < q.length; i++) {
                q[i] *= scale;
            }
        }
        for (Pair pair : pairs) {
            q = moved(q, pair.s, alphas[at] - pair.rho * dot(pair.y, q));
            at++;
        }
        return q;
    }
}

package tessella.engine.transport;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Solves transport problems by climbing one of their dual functions. */
public final class TransportSolver {
    private static final int NEWTON_STEPS = 50;
    private static final int HALVINGS = 10;
    /** Times the spread of the potentials: a level beyond costs values three of their digits. */
    private static final double FAR = 1000;

    private TransportSolver() {}

    /** Potentials of a problem whose columns are sparse, and the last evaluation there. */
    private static final class State implements Climb.Hill {
        final ColumnProblem problem;
        final Formulation formulation;
        double[] alpha;
        double[] beta;
        double value;
        final double[] alphaGradient;
        final double[] betaGradient;

        State(ColumnProblem problem, Formulation formulation, double[] alpha, double[] beta) {
            this.problem = problem;
            this.formulation = formulation;
            this.alpha = alpha;
            this.beta = beta;
            alphaGradient = new double[alpha.length];
            betaGradient = new double[beta.length];
        }

        /** Evaluates the function where the state is; of the semi-dual, the potentials of the columns are those of it. */
        double evaluate() {
            if (formulation == Formulation.DUAL) {
                value = problem.dual(alpha, beta, alphaGradient, betaGradient);
            } else {
                value = problem.semiDual(alpha, alphaGradient, betaGradient);
                beta = problem.thresholdPotentials();
            }
            return value;
        }

        double error() {
            return Math.max(TransportResult.largest(alphaGradient), TransportResult.largest(betaGradient));
        }

        /** The variables of the function as one vector. */
        double[] variables() {
            return formulation == Formulation.DUAL ? joined(alpha, beta) : alpha.clone();
        }

        @Override
        public double evaluate(double[] x, double[] gradient) {
            int m = alpha.length;
            alpha = Arrays.copyOf(x, m);
            if (formulation == Formulation.DUAL) {
                beta = Arrays.copyOfRange(x, m, x.length);
            }
            evaluate();
            System.arraycopy(alphaGradient, 0, gradient, 0, m);
            if (formulation == Formulation.DUAL) {
                System.arraycopy(betaGradient, 0, gradient, m, beta.length);
            }
            return value;
        }

        /** Potentials (alpha + c, beta - c) have one value. */
        @Override
        public boolean levels(double[] x) {
            int m = alpha.length;
            double level = 0;
            for (int i = 0; i < x.length; i++) {
                level += (i < m ? x[i] : -x[i]) / x.length;
            }
            double[] levelled = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                levelled[i] = x[i] - (i < m ? level : -level);
            }
            if (Math.abs(level) <= FAR * TransportResult.largest(levelled)) {
                return false;
            }
            System.arraycopy(levelled, 0, x, 0, x.length);
            return true;
        }

        /** 1 / L of the problem without a limit. */
        double step() {
            int lines = formulation == Formulation.DUAL ? alpha.length + beta.length : beta.length;
            return problem.gamma() / lines;
        }
    }

    private static double[] joined(double[] alpha, double[] beta) {
        double[] out = Arrays.copyOf(alpha, alpha.length + beta.length);
        System.arraycopy(beta, 0, out, alpha.length, beta.length);
        return out;
    }

    /**
     * The plan and the potentials that the ascent of the options finds.
     *
     * @throws IllegalArgumentException if the start does not fit the problem
     */
    public static TransportResult solve(TransportProblem problem, SolverOptions options) {
        ColumnProblem inside = problem.inside();
        State state = new State(inside, options.formulation(), new double[inside.rows()], new double[inside.columns()]);
        int startIterations = 0;
        switch (options.start()) {
            case Start.Zero _ -> { }
            case Start.Potentials given -> {
                TransportProblem.checkPotentials("row", given.alpha(), problem.rows());
                TransportProblem.checkPotentials("column", given.beta(), problem.columns());
                state.alpha = (problem.isTurned() ? given.beta() : given.alpha()).clone();
                state.beta = (problem.isTurned() ? given.alpha() : given.beta()).clone();
            }
            case Start.Unlimited _ -> {
                if (inside.isLimited()) {
                    State smooth = new State(inside.unlimited(), options.formulation(), state.alpha, state.beta);
                    startIterations = climb(smooth, options).iterations();
                    polishIfAsked(smooth, options);
                    state.alpha = smooth.alpha;
                    state.beta = smooth.beta;
                }
            }
        }
        Ascended ascended = climb(state, options);
        polishIfAsked(state, options);
        return result(problem, state, options, ascended, startIterations);
    }

    /** How an ascent went, and why it ended if the error is still above the tolerance. */
    private record Ascended(int iterations, TransportResult.Stop stop, TransportResult.Trace trace) {}

    private static Ascended climb(State state, SolverOptions options) {
        Climb climb = Climb.of(options.ascent(), state, state.variables(), state.step());
        List<double[]> trace = new ArrayList<>();
        trace.add(new double[] {climb.value, climb.error()});
        int iterations = 0;
        TransportResult.Stop stop = TransportResult.Stop.LIMIT;
        while (stop == TransportResult.Stop.LIMIT && iterations < options.maxIterations() && state.error() > options.tolerance()) {
            double before = climb.value;
            if (climb.step()) {
                iterations++;
                trace.add(new double[] {climb.value, climb.error()});
                boolean settled = Math.abs(climb.value - before) <= options.change() * Math.max(1, Math.abs(before));
                stop = options.change() > 0 && settled ? TransportResult.Stop.SETTLED : stop;
            } else {
                stop = TransportResult.Stop.STALLED;
            }
        }
        return new Ascended(iterations, stop, new TransportResult.Trace(trace.stream().mapToDouble(t -> t[0]).toArray(),
                trace.stream().mapToDouble(t -> t[1]).toArray()));
    }

    private static void polishIfAsked(State state, SolverOptions options) {
        if (options.polish() == SolverOptions.Polish.NEWTON) {
            polish(state);
        }
    }

    /**
     * Newton steps on the entries of the plan: the dual has the Hessian -(1/gamma) [[diag(A 1), A], [A', diag(A' 1)]], A the 0-1 matrix of the
     * entries. A step is halved until the marginal error falls; the potentials stay as they were if that does not help the function that
     * was climbed. Parts of the plan that no entry connects keep what their masses differ by.
     */
    private static void polish(State state) {
        State dual = new State(state.problem, Formulation.DUAL, state.alpha, state.beta);
        dual.evaluate();
        int steps = 0;
        while (steps < NEWTON_STEPS && newton(dual)) {
            steps++;
        }
        double before = state.error();
        double[] alpha = state.alpha;
        double[] beta = state.beta;
        state.alpha = dual.alpha;
        state.beta = dual.beta;
        state.evaluate();
        if (!(state.error() < before)) {
            state.alpha = alpha;
            state.beta = beta;
            state.evaluate();
        }
    }

    private static boolean newton(State dual) {
        double error = dual.error();
        double[][] offsets = SupportSystem.of(dual.problem.plan()).solve(dual.alphaGradient, dual.betaGradient);
        double[] alpha = dual.alpha;
        double[] beta = dual.beta;
        double length = dual.problem.gamma();
        for (int halving = 0; halving < HALVINGS && error > 0; halving++) {
            dual.alpha = Climb.moved(alpha, offsets[0], length);
            dual.beta = Climb.moved(beta, offsets[1], length);
            dual.evaluate();
            if (dual.error() < error) {
                return true;
            }
            length /= 2;
        }
        dual.alpha = alpha;
        dual.beta = beta;
        dual.evaluate();
        return false;
    }

    private static TransportResult result(TransportProblem problem, State state, SolverOptions options, Ascended ascended,
            int startIterations) {
        SparsePlan plan = state.problem.plan();
        double upper = options.certificate() == SolverOptions.Certificate.COMPUTED ? state.problem.upperBound(plan)
                : Double.POSITIVE_INFINITY;
        double dense = TransportResult.largest(state.alphaGradient);
        double sparse = TransportResult.largest(state.betaGradient);
        boolean turned = problem.isTurned();
        TransportResult.Stop stop = Math.max(dense, sparse) <= options.tolerance() ? TransportResult.Stop.CONVERGED
                : ascended.stop();
        return new TransportResult(problem.oriented(plan), turned ? state.beta : state.alpha, turned ? state.alpha : state.beta, state.value,
                state.problem.primal(), upper, turned ? sparse : dense, turned ? dense : sparse, state.problem.ties(plan),
                ascended.iterations(), startIterations, stop, ascended.trace());
    }
}

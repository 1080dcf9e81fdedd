package tessella.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportSolver;

/** Optimal transport with at most k entries a column, in float64; 2 operations a pair of a row and a column and evaluation. */
public class TransportBenchmark extends EngineBenchmark {
    private static final int ITERATIONS = 20;

    /** Rows x columns x k: what other libraries were timed on, and the tokens of 8 pictures for 32 experts. */
    @Param({"4096x64x64", "1568x32x52"})
    public String shape;

    NdArray cost;
    double[] alpha;
    private TransportProblem problem;
    private double[] ones;
    private double[] shares;
    private Cardinality k;
    private double pairs;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "4096x64x64");
        int m = Math.toIntExact(extents.dim(0));
        int n = Math.toIntExact(extents.dim(1));
        k = Cardinality.columns(Math.toIntExact(extents.dim(2)));
        cost = normal("cost", DType.F64, extents.axes(0, 2));
        alpha = normal("alpha", DType.F64, Shape.of(m)).toDoubles();
        pairs = (double) m * n;
        problem = TransportProblem.of(cost, filled(m, 1.0 / m), filled(n, 1.0 / n), 1, k).moveTo(scope());
        ones = filled(m, 1);
        shares = filled(n, (double) m / n);
    }

    private static double[] filled(int n, double value) {
        double[] out = new double[n];
        Arrays.fill(out, value);
        return out;
    }

    private static NdArray array(double[] values) {
        return NdArray.of(Scope.current(), Shape.of(values.length), values);
    }

    /** S(alpha) and its gradient, masses 1 in all. */
    @Benchmark
    public double semiDual(Counters counters) {
        return measure(counters, new Cost(2 * pairs, 8 * (pairs + 2 * alpha.length)), () -> array(problem.semiDual(alpha)
                .alphaGradient()));
    }

    /** The potentials of a router: from the costs on, a mass of 1 a row. */
    @Benchmark
    public double routerStep(Counters counters) {
        return measure(counters, new Cost(2 * pairs * (ITERATIONS + 1), 8 * (pairs + alpha.length)), () -> array(TransportSolver.solve(
                TransportProblem.of(cost, ones, shares, 1, k), SolverOptions.router(ITERATIONS)).alpha()));
    }
}

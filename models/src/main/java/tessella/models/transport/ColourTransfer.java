package tessella.models.transport;

import java.util.Arrays;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.Sinkhorn;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;
import tessella.models.data.Picture;

/**
 * Gives a picture the colours of another (Liu, Puigcerver, Blondel 2022, section 6): both are brought to a few colours, C_ij is the squared
 * distance of colour i of the one from colour j of the other, and a colour becomes the mean of those that the plan sends it to,
 * sum_j T_ij y_j / sum_j T_ij.
 */
public final class ColourTransfer {
    private final Picture source;
    private final Palette from;
    private final Palette to;
    private final double[] cost;

    /**
     * A plan and what it makes of the picture.
     *
     * @param picture with the colours of the other
     * @param cost {@code <T, C>}
     * @param densest entries of the column that has most
     * @param entries of the plan
     * @param marginalError the largest error of a row or a column, of all mass
     * @param iterations that it took
     */
    public record Transferred(Picture picture, double cost, int densest, int entries, double marginalError, int iterations) {}

    /**
     * A sparse or quadratic plan.
     *
     * @param transferred the picture
     * @param result of the solver
     */
    public record Sparse(Transferred transferred, TransportResult result) {}

    /** Two pictures in at most so many colours each. */
    public ColourTransfer(Picture source, Picture target, int colours, long seed) {
        this.source = source;
        from = Palette.of(source, colours, seed);
        to = Palette.of(target, colours, seed);
        cost = new double[from.size() * to.size()];
        Arrays.setAll(cost, i -> Palette.distance(from.colours()[i / to.size()], to.colours()[i % to.size()]));
    }

    /** Colours of the picture. */
    public Palette from() {
        return from;
    }

    /** Colours of the other. */
    public Palette to() {
        return to;
    }

    /** The picture in its own few colours. */
    public Picture quantised() {
        return from.painted(source.height(), source.width(), from.colours());
    }

    /** By a plan of at most k entries a column; as many as there are colours is quadratic transport. */
    public Sparse sparse(int k, double gamma, SolverOptions options) {
        try (Scope scope = Scope.open()) {
            TransportProblem problem = TransportProblem.of(NdArray.of(scope, Shape.of(from.size(), to.size()), cost), from.shares(),
                    balanced(), gamma, Cardinality.columns(k));
            TransportResult result = TransportSolver.solve(problem, options);
            return new Sparse(transferred(result.plan().toDoubles(), result.marginalError(), result.iterations()), result);
        }
    }

    /** By the entropic plan, which has no zeros. */
    public Transferred entropic(double epsilon, double tolerance, int iterations) {
        try (Scope scope = Scope.open()) {
            Sinkhorn found = Sinkhorn.of(NdArray.of(scope, Shape.of(from.size(), to.size()), cost), from.shares(), balanced(), epsilon,
                    tolerance, iterations);
            return transferred(found.plan(), found.rowError(), found.iterations());
        }
    }

    /** Shares whose sum is that of the other's, to the last bit. */
    private double[] balanced() {
        double scale = Arrays.stream(from.shares()).sum() / Arrays.stream(to.shares()).sum();
        return Arrays.stream(to.shares()).map(share -> share * scale).toArray();
    }

    private Transferred transferred(double[] plan, double error, int iterations) {
        int n = to.size();
        double[][] mapped = new double[from.size()][3];
        int[] entries = new int[n];
        double total = 0;
        for (int i = 0; i < from.size(); i++) {
            double mass = 0;
            for (int j = 0; j < n; j++) {
                double t = plan[i * n + j];
                mass += t;
                total += t * cost[i * n + j];
                entries[j] += t > 0 ? 1 : 0;
                for (int c = 0; c < 3; c++) {
                    mapped[i][c] += t * to.colours()[j][c];
                }
            }
            for (int c = 0; c < 3; c++) {
                // a colour that the plan leaves out keeps its own
                mapped[i][c] = mass > 0 ? mapped[i][c] / mass : from.colours()[i][c];
            }
        }
        return new Transferred(from.painted(source.height(), source.width(), mapped), total, Arrays.stream(entries).max().orElse(0),
                Arrays.stream(entries).sum(), error, iterations);
    }
}

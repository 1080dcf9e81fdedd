package tessella.engine.transport;

/**
 * The gradient of a plan: with S the entries of the plan, and u_i, v_j the offsets that fit the cotangent dT best on S (least
 * squares), dC = -(1/gamma) (dT - u - v) on S and 0 elsewhere, da = u, db = v. Exact where S stays as it is near the costs and masses
 * given, which fails where an entry is about to appear or, as k binds, elements tie. Only da_i + db_j is determined, for the
 * sums of the masses are bound together.
 *
 * @param cost dC [m, n], row-major
 * @param a da [m]
 * @param b db [n]
 */
public record PlanGradient(double[] cost, double[] a, double[] b) {
    /**
     * The gradient of a plan that solves a problem of this gamma, given the cotangent [m, n] of the plan, row-major.
     *
     * @throws IllegalArgumentException if there is not one cotangent for each pair of a row and a column
     */
    public static PlanGradient of(SparsePlan plan, double gamma, double[] cotangent) {
        int n = plan.columns();
        if (cotangent.length != plan.rows() * n) {
            throw new IllegalArgumentException("plan gradient: expected a cotangent of " + plan.rows() * n + " elements for a plan of "
                    + plan.rows() + " rows and " + n + " columns, found " + cotangent.length);
        }
        double[] rows = new double[plan.rows()];
        double[] columns = new double[n];
        for (int j = 0; j < n; j++) {
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                double g = cotangent[plan.indices()[e] * n + j];
                rows[plan.indices()[e]] += g;
                columns[j] += g;
            }
        }
        double[][] offsets = SupportSystem.of(plan).solve(rows, columns);
        double[] cost = new double[cotangent.length];
        for (int j = 0; j < n; j++) {
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                int i = plan.indices()[e];
                cost[i * n + j] = -(cotangent[i * n + j] - offsets[0][i] - offsets[1][j]) / gamma;
            }
        }
        return new PlanGradient(cost, offsets[0], offsets[1]);
    }
}

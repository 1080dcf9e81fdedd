package tessella.engine.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import tessella.engine.Scope;
import tessella.reference.TransportOracle;

/** The dual functions at any potentials: the oracle's values, and the identities OT-1 to OT-8 and OT-13. */
class TransportDualProperties {
    private static void requireEqual(TransportOracle.Evaluation expected, Evaluation found) {
        assertEquals(expected.value(), found.value(), 1e-11 * (1 + Math.abs(expected.value())));
        double[] plan = Instance.flat(expected.plan());
        double most = 1 + Arrays.stream(plan).max().orElse(0);
        assertArrayEquals(plan, found.plan().toDoubles(), 1e-11 * most);
        assertArrayEquals(expected.alphaGradient(), found.alphaGradient(), 1e-10 * most);
        assertArrayEquals(expected.betaGradient(), found.betaGradient(), 1e-10 * most);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void bothFunctionsEqualTheOracle(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 12);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        double[] beta = Instance.potentials(seed + 2, x.n());
        try (Scope _ = Scope.open()) {
            requireEqual(x.dual(alpha, beta), x.problem().dual(alpha, beta));
            Evaluation found = x.problem().semiDual(alpha);
            requireEqual(x.semiDual(alpha), found);
            assertArrayEquals(alpha, found.alpha());
        }
    }

    /** Rows sparse: the problem of the transposed costs, transposed. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void sparseRowsAreSparseColumnsOfTheTransposedProblem(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 8);
        Instance turned = new Instance(Instance.transposed(x.cost()), x.b(), x.a(), x.gamma(), x.k());
        double[] alpha = Instance.potentials(seed + 1, x.m());
        double[] beta = Instance.potentials(seed + 2, x.n());
        try (Scope _ = Scope.open()) {
            TransportProblem rows = TransportProblem.of(turned.costs(), turned.a(), turned.b(), x.gamma(), Cardinality.rows(x.k()));
            assertEquals(x.n(), rows.rows());
            assertEquals(x.m(), rows.columns());
            Evaluation dual = rows.dual(beta, alpha);
            TransportOracle.Evaluation expected = x.dual(alpha, beta);
            requireEqual(new TransportOracle.Evaluation(expected.value(), expected.betaGradient(), expected.alphaGradient(),
                    Instance.transposed(expected.plan())), dual);
            Evaluation semi = rows.semiDual(alpha);
            TransportOracle.Evaluation best = x.semiDual(alpha);
            requireEqual(new TransportOracle.Evaluation(best.value(), best.betaGradient(), best.alphaGradient(),
                    Instance.transposed(best.plan())), semi);
            assertArrayEquals(alpha, semi.beta());
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot1BothFunctionsAreConcave(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 8);
        double[][] p = {Instance.potentials(seed + 1, x.m()), Instance.potentials(seed + 2, x.n())};
        double[][] q = {Instance.potentials(seed + 3, x.m()), Instance.potentials(seed + 4, x.n())};
        double[][] half = new double[2][];
        for (int side = 0; side < 2; side++) {
            half[side] = new double[p[side].length];
            for (int i = 0; i < half[side].length; i++) {
                half[side][i] = (p[side][i] + q[side][i]) / 2;
            }
        }
        try (Scope _ = Scope.open()) {
            TransportProblem t = x.problem();
            double dual = (t.dual(p[0], p[1]).value() + t.dual(q[0], q[1]).value()) / 2;
            assertTrue(t.dual(half[0], half[1]).value() >= dual - 1e-12 * (1 + Math.abs(dual)));
            double semi = (t.semiDual(p[0]).value() + t.semiDual(q[0]).value()) / 2;
            assertTrue(t.semiDual(half[0]).value() >= semi - 1e-12 * (1 + Math.abs(semi)));
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void ot2GradientsAreCentralDifferencesOffTies(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 7);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        double[] beta = Instance.potentials(seed + 2, x.n());
        double[] move = Instance.potentials(seed + 3, x.m() + x.n());
        double margin = Double.POSITIVE_INFINITY;
        for (int j = 0; j < x.n(); j++) {
            double[] column = new double[x.m()];
            for (int i = 0; i < x.m(); i++) {
                column[i] = alpha[i] + beta[j] - x.cost()[i][j];
            }
            margin = Math.min(margin, Math.min(TransportOracle.dualColumn(column, x.gamma(), x.k()).margin(),
                    TransportOracle.semiDualColumn(column, x.b()[j], x.gamma(), x.k()).margin()));
        }
        if (margin < 1e-4) {
            return;
        }
        double h = 1e-6;
        double[] up = new double[x.m()];
        double[] down = new double[x.m()];
        double[] right = new double[x.n()];
        double[] left = new double[x.n()];
        Arrays.setAll(up, i -> alpha[i] + h * move[i]);
        Arrays.setAll(down, i -> alpha[i] - h * move[i]);
        Arrays.setAll(right, j -> beta[j] + h * move[x.m() + j]);
        Arrays.setAll(left, j -> beta[j] - h * move[x.m() + j]);
        try (Scope _ = Scope.open()) {
            TransportProblem t = x.problem();
            Evaluation at = t.dual(alpha, beta);
            double slope = IntStream.range(0, x.m()).mapToDouble(i -> at.alphaGradient()[i] * move[i]).sum()
                    + IntStream.range(0, x.n()).mapToDouble(j -> at.betaGradient()[j] * move[x.m() + j]).sum();
            double scale = (1 + Math.abs(slope)) / x.gamma();
            assertEquals((t.dual(up, right).value() - t.dual(down, left).value()) / (2 * h), slope, 1e-6 * scale);
            Evaluation semi = t.semiDual(alpha);
            double rising = IntStream.range(0, x.m()).mapToDouble(i -> semi.alphaGradient()[i] * move[i]).sum();
            assertEquals((t.semiDual(up).value() - t.semiDual(down).value()) / (2 * h), rising, 1e-6 * scale);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void ot3AndOt4ColumnsHaveFewEntriesAndThoseOfTheSemiDualTheirSums(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 20);
        double[] alpha = Arrays.stream(Instance.potentials(seed + 1, x.m())).map(v -> (seed & 1) == 0 ? Math.rint(v) : 30 * v).toArray();
        try (Scope _ = Scope.open()) {
            TransportProblem t = x.problem();
            SparsePlan semi = t.semiDual(alpha).plan();
            SparsePlan dual = t.dual(alpha, Instance.potentials(seed + 2, x.n())).plan();
            for (int j = 0; j < x.n(); j++) {
                assertTrue(semi.entries(j) <= x.k() && dual.entries(j) <= x.k(), "column " + j);
            }
            assertArrayEquals(x.b(), semi.columnSums(), 1e-14);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot5AndOt6TheSemiDualIsTheDualAtItsBestPotentials(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 9);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        try (Scope _ = Scope.open()) {
            TransportProblem t = x.problem();
            Evaluation semi = t.semiDual(alpha);
            double any = t.dual(alpha, Instance.potentials(seed + 2, x.n())).value();
            assertTrue(any <= semi.value() + 1e-12 * (1 + Math.abs(any)), any + " above " + semi.value());
            assertEquals(semi.value(), t.dual(alpha, semi.beta()).value(), 1e-11 * (1 + Math.abs(semi.value())));
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot7AShiftOfThePotentialsChangesNothing(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 9);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        double[] beta = Instance.potentials(seed + 2, x.n());
        double[] moved = Arrays.stream(alpha).map(v -> v + 0.75).toArray();
        double[] back = Arrays.stream(beta).map(v -> v - 0.75).toArray();
        try (Scope _ = Scope.open()) {
            TransportProblem t = x.problem();
            double dual = t.dual(alpha, beta).value();
            assertEquals(dual, t.dual(moved, back).value(), 1e-11 * (1 + Math.abs(dual)));
            Evaluation semi = t.semiDual(alpha);
            Evaluation shifted = t.semiDual(moved);
            assertEquals(semi.value(), shifted.value(), 1e-11 * (1 + Math.abs(semi.value())));
            assertArrayEquals(semi.plan().toDoubles(), shifted.plan().toDoubles(), 1e-13 / x.gamma());
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot8CostsOfRowsAndColumnsAndUnitsOfCostMoveTheValueAlone(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 9);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        double[] u = Instance.potentials(seed + 2, x.m());
        double[] v = Instance.potentials(seed + 3, x.n());
        double[][] added = new double[x.m()][x.n()];
        double[][] scaled = new double[x.m()][x.n()];
        for (int i = 0; i < x.m(); i++) {
            for (int j = 0; j < x.n(); j++) {
                added[i][j] = x.cost()[i][j] + u[i] + v[j];
                scaled[i][j] = 8 * x.cost()[i][j];
            }
        }
        double[] moved = new double[x.m()];
        Arrays.setAll(moved, i -> alpha[i] + u[i]);
        try (Scope _ = Scope.open()) {
            Evaluation plain = x.problem().semiDual(alpha);
            Evaluation found = x.withCost(added).problem().semiDual(moved);
            double expected = plain.value() + IntStream.range(0, x.m()).mapToDouble(i -> u[i] * x.a()[i]).sum()
                    + IntStream.range(0, x.n()).mapToDouble(j -> v[j] * x.b()[j]).sum();
            assertEquals(expected, found.value(), 1e-11 * (1 + Math.abs(expected)));
            assertArrayEquals(plain.plan().toDoubles(), found.plan().toDoubles(), 1e-13 / x.gamma());
            Evaluation larger = new Instance(scaled, x.a(), x.b(), 8 * x.gamma(), x.k()).problem()
                    .semiDual(Arrays.stream(alpha).map(p -> 8 * p).toArray());
            assertEquals(8 * plain.value(), larger.value(), 1e-11 * (1 + Math.abs(plain.value())));
            assertArrayEquals(plain.plan().toDoubles(), larger.plan().toDoubles(), 1e-14);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot13RowsAndColumnsInAnotherOrderGiveThePlanInThatOrder(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 9);
        double[] alpha = Instance.potentials(seed + 1, x.m());
        List<Integer> rows = new ArrayList<>(IntStream.range(0, x.m()).boxed().toList());
        List<Integer> columns = new ArrayList<>(IntStream.range(0, x.n()).boxed().toList());
        Collections.shuffle(rows, new Random(seed));
        Collections.shuffle(columns, new Random(seed + 1));
        double[][] cost = new double[x.m()][x.n()];
        for (int i = 0; i < x.m(); i++) {
            for (int j = 0; j < x.n(); j++) {
                cost[i][j] = x.cost()[rows.get(i)][columns.get(j)];
            }
        }
        Instance moved = new Instance(cost, rows.stream().mapToDouble(i -> x.a()[i]).toArray(),
                columns.stream().mapToDouble(j -> x.b()[j]).toArray(), x.gamma(), x.k());
        try (Scope _ = Scope.open()) {
            Evaluation plain = x.problem().semiDual(alpha);
            Evaluation found = moved.problem().semiDual(rows.stream().mapToDouble(i -> alpha[i]).toArray());
            assertEquals(plain.value(), found.value(), 1e-12 * (1 + Math.abs(plain.value())));
            double[] plan = plain.plan().toDoubles();
            double[] expected = new double[plan.length];
            Arrays.setAll(expected, at -> plan[rows.get(at / x.n()) * x.n() + columns.get(at % x.n())]);
            assertArrayEquals(expected, found.plan().toDoubles(), 1e-13 / x.gamma());
        }
    }
}

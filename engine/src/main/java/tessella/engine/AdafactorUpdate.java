package tessella.engine;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.function.ToLongFunction;
import tessella.kernels.OptimizersKernels;
import tessella.kernels.Precision;
import tessella.kernels.ReductionsKernels;

/** Steps of {@link UpdateRule.Adafactor}: means of squares over lines, over columns, over both, lengths, and the move. */
final class AdafactorUpdate extends Update {
    private static final int SQUARE = 0;
    private static final int ROW = 1;
    private static final int COLUMN = 2;
    private static final int MOMENTUM = 3;
    /** Means of the row means; computed from them, so no state. */
    private static final int MEAN = 4;
    /** Columns of a unit of work: whole cache lines. */
    private static final int COLUMNS = 64;

    private final UpdateRule.Adafactor rule;
    /** Of each array, null for one that is not factored. */
    private final Factors[] factors;
    private final Pass lines;
    private final Pass columns;
    private final Pass means;
    private final Pass lengths;
    private final Pass move;
    /** Sums of squares of the parts, of updates and of values. */
    private final double[] updates;
    private final double[] values;
    /** What the update of each array is multiplied by. */
    private final double[] factor;
    private double b;

    AdafactorUpdate(UpdateRule.Adafactor rule, Scope scope, List<Target> targets) {
        super("adafactor", targets, 5);
        this.rule = rule;
        factors = new Factors[count];
        for (int i = 0; i < count; i++) {
            Shape shape = value(i).shape();
            Factors f = Factors.of(shape, rule.leastFactored());
            factors[i] = f;
            if (f == null) {
                keep(SQUARE, i, scope, shape);
            } else {
                keep(ROW, i, scope, shape.without(f.second()));
                keep(COLUMN, i, scope, shape.without(f.first()));
                keep(MEAN, i, scope, shape.without(f.second()).without(f.first()));
            }
            if (rule.momentum() > 0) {
                keep(MOMENTUM, i, scope, shape);
            }
        }
        lines = lines(this::averageLines);
        columns = factored(AdafactorUpdate::chunks, f -> f.height() * COLUMNS, this::averageColumns);
        means = factored(Factors::outer, f -> f.height() * f.middle() * f.inner(), this::averageMeans);
        lengths = lines(this::addLengths);
        move = lines(this::move);
        updates = new double[lengths.parts()];
        values = new double[lengths.parts()];
        factor = new double[count];
    }

    /** A pass over the lines of factored arrays, the elements of others. */
    private Pass lines(Pass.Work work) {
        return new Pass(op, each(i -> factors[i] == null ? value(i).size() : factors[i].lines()), each(this::line), PART,
                operands, work);
    }

    /** A pass over units of the factored arrays. */
    private Pass factored(ToLongFunction<Factors> units, ToLongFunction<Factors> costs, Pass.Work work) {
        return new Pass(op, each(i -> factors[i] == null ? 0 : units.applyAsLong(factors[i])),
                each(i -> factors[i] == null ? 1 : costs.applyAsLong(factors[i])), PART, operands, work);
    }

    private long[] each(IntToLongFunction extent) {
        long[] out = new long[count];
        Arrays.setAll(out, extent);
        return out;
    }

    /** Elements of a line of an array; 1 where it is not factored. */
    private long line(int i) {
        return factors[i] == null ? 1 : factors[i].n() * factors[i].inner();
    }

    /** Chunks of columns in all groups of lines. */
    private static long chunks(Factors f) {
        return f.outer() * f.middle() * ((f.n() * f.inner() + COLUMNS - 1) / COLUMNS);
    }

    @Override
    void update(long t) {
        // t^-exponent; pow makes arrays
        b = Math.min(rule.cap(), 1 - StrictMath.exp(-rule.exponent() * StrictMath.log(t)));
        lines.start();
        columns.start();
        means.start();
        boolean clipped = rule.clip() < Double.POSITIVE_INFINITY;
        boolean scaled = rule.scale() == UpdateRule.Scale.PARAMETER;
        if (clipped || scaled) {
            lengths.start();
        }
        for (int i = 0; i < count; i++) {
            double size = Math.max(1, value(i).size());
            double clip = clipped ? Math.max(1, Math.sqrt(lengths.sum(updates, i) / size) / rule.clip()) : 1;
            double length = scaled ? Math.max(rule.leastScale(), Math.sqrt(lengths.sum(values, i) / size)) : 1;
            factor[i] = length / clip;
        }
        move.start();
    }

    private void averageLines(int i, long from, int units, int part) {
        NdArray g = gradient(i);
        if (g == null) {
            return;
        }
        Precision precision = g.dtype().precision();
        double a = 1 - b;
        long start = at(g, from * line(i));
        Factors f = factors[i];
        if (f == null) {
            NdArray v = state(SQUARE, i);
            OptimizersKernels.averageSquares(precision, v.segment(), at(v, from), g.segment(), start, units, b,
                    a * scale * scale, a * rule.eps(), limit);
        } else if (f.inner() == 1) {
            NdArray row = state(ROW, i);
            OptimizersKernels.lineSquares(precision, g.segment(), start, row.segment(), at(row, from), units, (int) f.n(), b, a,
                    scale, rule.eps(), limit);
        } else {
            NdArray row = state(ROW, i);
            for (int l = 0; l < units; l++) {
                averageColumns(g, start + l * line(i) * g.dtype().bytes(), f.inner(), row, at(row, (from + l) * f.inner()), f.n(),
                        f.inner());
            }
        }
    }

    private void averageColumns(int i, long from, int units, int part) {
        NdArray g = gradient(i);
        if (g == null) {
            return;
        }
        Factors f = factors[i];
        long step = f.middle() * line(i);
        long perGroup = chunks(f) / (f.outer() * f.middle());
        NdArray column = state(COLUMN, i);
        for (long unit = from; unit < from + units; unit++) {
            long group = unit / perGroup;
            long first = unit % perGroup * COLUMNS;
            long start = group / f.middle() * f.height() * step + group % f.middle() * line(i) + first;
            averageColumns(g, at(g, start), step, column, at(column, group * line(i) + first), f.height(),
                    Math.min(COLUMNS, line(i) - first));
        }
    }

    /** v = b v + (1 - b) (mean of g^2 over rows that lie step elements apart + eps), for n columns. */
    private void averageColumns(NdArray g, long go, long step, NdArray v, long vo, long rows, long n) {
        double a = 1 - b;
        OptimizersKernels.columnSquares(g.dtype().precision(), g.segment(), go, step * g.dtype().bytes(), v.segment(), vo,
                (int) rows, (int) n, b, a * scale * scale / rows, a * rule.eps(), limit);
    }

    private void averageMeans(int i, long from, int units, int part) {
        if (gradient(i) == null) {
            return;
        }
        Factors f = factors[i];
        NdArray row = state(ROW, i);
        NdArray mean = state(MEAN, i);
        int n = (int) (f.middle() * f.inner());
        for (long outer = from; outer < from + units; outer++) {
            ReductionsKernels.columnSums(row.dtype().precision(), row.segment(), at(row, outer * f.height() * n),
                    1.0 / f.height(), mean.segment(), at(mean, outer * n), (int) f.height(), n, 0, n);
        }
    }

    private void addLengths(int i, long from, int units, int part) {
        NdArray g = gradient(i);
        if (g == null) {
            return;
        }
        Precision precision = g.dtype().precision();
        NdArray p = value(i);
        values[part] = ReductionsKernels.sumOfSquares(precision, p.segment(), at(p, from * line(i)), (int) (units * line(i)));
        Factors f = factors[i];
        if (f == null) {
            NdArray v = state(SQUARE, i);
            updates[part] = OptimizersKernels.scaledSquares(precision, g.segment(), at(g, from), v.segment(), at(v, from), units,
                    scale, limit);
        } else {
            NdArray row = state(ROW, i);
            NdArray mean = state(MEAN, i);
            NdArray column = state(COLUMN, i);
            updates[part] = OptimizersKernels.factoredSquares(precision, g.segment(), g.offset(), row.segment(), row.offset(),
                    mean.segment(), mean.offset(), column.segment(), column.offset(), (int) from, units, (int) f.height(),
                    (int) f.middle(), (int) f.n(), (int) f.inner(), scale, limit);
        }
    }

    private void move(int i, long from, int units, int part) {
        NdArray g = gradient(i);
        if (g == null) {
            return;
        }
        double c = multipliers[i] * factor[i];
        if (rule.momentum() == 0) {
            descend(i, from, units, c);
            return;
        }
        average(i, from, units, factor[i] * (1 - rule.momentum()));
        NdArray p = value(i);
        NdArray m = state(MOMENTUM, i);
        long first = from * line(i);
        OptimizersKernels.descend(p.dtype().precision(), p.segment(), at(p, first), m.segment(), at(m, first),
                (int) (units * line(i)), rate, multipliers[i], 1, 0, decays[i], Double.POSITIVE_INFINITY);
    }

    /** p -= lr (c w + decay p). */
    private void descend(int i, long from, int units, double c) {
        NdArray p = value(i);
        NdArray g = gradient(i);
        Factors f = factors[i];
        Precision precision = p.dtype().precision();
        if (f == null) {
            NdArray v = state(SQUARE, i);
            OptimizersKernels.scaledMove(precision, p.segment(), at(p, from), g.segment(), at(g, from), v.segment(), at(v, from),
                    units, rate, c, decays[i], scale, limit);
        } else {
            NdArray row = state(ROW, i);
            NdArray mean = state(MEAN, i);
            NdArray column = state(COLUMN, i);
            OptimizersKernels.factoredMove(precision, p.segment(), p.offset(), g.segment(), g.offset(), row.segment(),
                    row.offset(), mean.segment(), mean.offset(), column.segment(), column.offset(), (int) from, units,
                    (int) f.height(), (int) f.middle(), (int) f.n(), (int) f.inner(), rate, c, decays[i], scale, limit);
        }
    }

    /** m = momentum m + a w. */
    private void average(int i, long from, int units, double a) {
        NdArray m = state(MOMENTUM, i);
        NdArray g = gradient(i);
        Factors f = factors[i];
        Precision precision = m.dtype().precision();
        if (f == null) {
            NdArray v = state(SQUARE, i);
            OptimizersKernels.scaledAverage(precision, m.segment(), at(m, from), g.segment(), at(g, from), v.segment(),
                    at(v, from), units, rule.momentum(), a, scale, limit);
        } else {
            NdArray row = state(ROW, i);
            NdArray mean = state(MEAN, i);
            NdArray column = state(COLUMN, i);
            OptimizersKernels.factoredAverage(precision, m.segment(), m.offset(), g.segment(), g.offset(), row.segment(),
                    row.offset(), mean.segment(), mean.offset(), column.segment(), column.offset(), (int) from, units,
                    (int) f.height(), (int) f.middle(), (int) f.n(), (int) f.inner(), rule.momentum(), a, scale, limit);
        }
    }

    @Override
    List<String> names() {
        return List.of("v", "row", "column", "momentum");
    }
}

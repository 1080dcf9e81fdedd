package tessella.engine;

import java.util.List;
import tessella.kernels.OptimizersKernels;

/** Steps of {@link UpdateRule.Adam}. */
final class AdamUpdate extends Update {
    private static final int MEAN = 0;
    private static final int SQUARE = 1;

    private final UpdateRule.Adam rule;
    private final Pass pass;
    /** 1 / (1 - b^t) of either moment. */
    private double unbiasMean;
    private double unbiasSquare;

    AdamUpdate(UpdateRule.Adam rule, Scope scope, List<Target> targets) {
        super("adam", targets, 2);
        this.rule = rule;
        for (int i = 0; i < count; i++) {
            keep(MEAN, i, scope, value(i).shape());
            keep(SQUARE, i, scope, value(i).shape());
        }
        pass = elements(this::move);
    }

    @Override
    void update(long t) {
        unbiasMean = 1 / (1 - StrictMath.pow(rule.b1(), t));
        unbiasSquare = 1 / (1 - StrictMath.pow(rule.b2(), t));
        pass.start();
    }

    private void move(int i, long from, int n, int part) {
        NdArray p = value(i);
        NdArray g = gradient(i);
        if (g != null) {
            NdArray m = state(MEAN, i);
            NdArray v = state(SQUARE, i);
            OptimizersKernels.adamW(p.dtype().precision(), p.segment(), at(p, from), g.segment(), at(g, from), m.segment(),
                    at(m, from), v.segment(), at(v, from), n, rate, rule.b1(), (1 - rule.b1()) * scale, rule.b2(),
                    (1 - rule.b2()) * scale * scale, unbiasMean * multipliers[i], unbiasSquare, rule.eps(), decays[i], limit);
        }
    }

    @Override
    List<String> names() {
        return List.of("m", "v");
    }
}

package tessella.engine;

import java.util.List;
import tessella.kernels.OptimizersKernels;

/** Steps of {@link UpdateRule.Sgd}. */
final class SgdUpdate extends Update {
    private static final int MOMENTUM = 0;

    private final UpdateRule.Sgd rule;
    private final Pass pass;

    SgdUpdate(UpdateRule.Sgd rule, Scope scope, List<Target> targets) {
        super("sgd", targets, 1);
        this.rule = rule;
        for (int i = 0; i < count && rule.momentum() > 0; i++) {
            keep(MOMENTUM, i, scope, value(i).shape());
        }
        pass = elements(rule.momentum() > 0 ? this::roll : this::descend);
    }

    @Override
    void update(long t) {
        pass.start();
    }

    private void descend(int i, long from, int n, int part) {
        NdArray p = value(i);
        NdArray g = gradient(i);
        if (g != null) {
            OptimizersKernels.descend(p.dtype().precision(), p.segment(), at(p, from), g.segment(), at(g, from), n, rate,
                    multipliers[i], scale, rule.l2(), decays[i], limit);
        }
    }

    private void roll(int i, long from, int n, int part) {
        NdArray p = value(i);
        NdArray g = gradient(i);
        if (g != null) {
            NdArray m = state(MOMENTUM, i);
            boolean nesterov = rule.kind() == UpdateRule.Momentum.NESTEROV;
            double ofMomentum = multipliers[i] * (nesterov ? rule.momentum() : 1);
            double ofGradient = nesterov ? multipliers[i] : 0;
            OptimizersKernels.momentum(p.dtype().precision(), p.segment(), at(p, from), g.segment(), at(g, from), m.segment(),
                    at(m, from), n, rate, rule.momentum(), ofMomentum, ofGradient, scale, rule.l2(), decays[i], limit);
        }
    }

    @Override
    List<String> names() {
        return List.of("momentum");
    }
}

package tessella.golden;

import java.util.Map;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;
import tessella.models.softmoe.Mixing;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.softmoe.SoftRouter;
import tessella.reference.Array;
import tessella.reference.Attributes;

/** The router, the layer and the ablations of Soft MoE. */
final class SoftMoeAdapters {
    private static final double EPS = 1e-6;

    private SoftMoeAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of("soft_moe_router", SoftMoeAdapters::router, "soft_moe_layer", c -> layer(c, "soft"),
                "soft_moe_ablation", c -> layer(c, c.attrs().text("kind")));
    }

    private static void router(Case c) {
        Attributes attrs = c.attrs();
        int experts = attrs.integer("experts");
        int slots = attrs.flag("num_slots_given") ? attrs.integer("slots")
                : SoftMoeConfig.slotsFor(attrs.integer("tokens"), experts, attrs.real("capacity_factor"));
        Tensor x = c.in("x");
        Tensor mu = c.param("mu");
        Tensor scale = c.param("scale");
        SoftRouter.Routing routing = new SoftRouter(new SoftMoeConfig(experts, slots, 1), mu, scale).route(x);
        c.out("dispatch", routing.dispatch());
        c.out("combine", routing.combine());
        c.out("slots", LinearAlgebra.einsum("bmd,bmnp->bnpd", x, routing.dispatch()));
        // the published code multiplies the smaller of tokens and slots by the scale: its metrics of mu see that
        double factor = x.shape().size() < mu.shape().size() ? 1 : scale.item();
        RouterMetrics metrics = new RouterMetrics(values(routing.dispatch()), values(routing.combine()),
                values(Norms.l2Normalize(mu, 0, EPS)).times(factor));
        metrics.all().forEach((name, value) -> c.out("metric." + name, Array.scalar(value)));
    }

    private static void layer(Case c, String kind) {
        Attributes attrs = c.attrs();
        SoftMoeConfig config = switch (kind) {
            case "soft" -> config(attrs, Mixing.SOFT, Mixing.SOFT);
            case "uniform" -> config(attrs, Mixing.UNIFORM, Mixing.UNIFORM);
            case "uniform_dispatch" -> config(attrs, Mixing.UNIFORM, Mixing.SOFT);
            case "uniform_combine" -> config(attrs, Mixing.SOFT, Mixing.UNIFORM);
            case "identity" -> config(attrs, Mixing.IDENTITY, Mixing.IDENTITY);
            default -> throw new IllegalArgumentException("soft_moe_ablation: kind " + kind);
        };
        SoftRouter router = new SoftRouter(config, c.paramOrNull("Router/mu"), c.paramOrNull("Router/scale"));
        Experts experts = new Experts(c.param("Mlp/Dense_0/kernel"), c.param("Mlp/Dense_0/bias"),
                c.param("Mlp/Dense_1/kernel"), c.param("Mlp/Dense_1/bias"));
        c.out("y", new SoftMoe("moe", router, experts).apply(c.in("x"), Observer.NONE));
    }

    private static SoftMoeConfig config(Attributes attrs, Mixing dispatch, Mixing combine) {
        return new SoftMoeConfig(attrs.integer("experts"), attrs.integer("slots"), 1, dispatch, combine);
    }

    private static Array values(Tensor x) {
        long[] dims = x.shape().dims();
        int[] shape = new int[dims.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Math.toIntExact(dims[i]);
        }
        return Array.of(shape, x.toDoubles());
    }
}

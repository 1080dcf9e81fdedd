package tessella.golden;

import tessella.models.moe.Balance;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.Priority;
import tessella.models.moe.Router;
import tessella.models.moe.TokensChoice;
import tessella.reference.Attributes;

/** Routers of the published keyword arguments. */
final class SparseRouters {
    private SparseRouters() {}

    /** The router of a layer: the arguments of its dispatcher lie in an object of their own. */
    static Router of(Attributes router) {
        Attributes dispatcher = router.object("dispatcher");
        return router.text("name").equals("NoisyTopItemsPerExpertRouter") ? new ExpertsChoice(capacity(dispatcher, "round", "capacity"))
                : new TokensChoice(router.integer("num_selected_experts"), capacity(dispatcher, "ceil", "capacity"), priority(dispatcher),
                        balance(router));
    }

    static Priority priority(Attributes attrs) {
        return attrs.flag("batch_priority") ? Priority.LARGEST_GATE : Priority.POSITION;
    }

    static Balance balance(Attributes attrs) {
        return new Balance(attrs.real("importance_loss_weight"), attrs.real("load_loss_weight"), attrs.real("gshard_loss_weight"), 0);
    }

    /** By a factor, or given under a name. */
    static Capacity capacity(Attributes attrs, String rounding, String given) {
        if (attrs.has("capacity_factor") && attrs.isNumber("capacity_factor")) {
            String word = attrs.has("capacity_ceil_or_round") ? attrs.text("capacity_ceil_or_round") : rounding;
            return new Capacity.Factor(attrs.real("capacity_factor"), word.equals("ceil") ? Capacity.Rounding.UP : Capacity.Rounding.HALF_EVEN,
                    attrs.has("capacity_multiple_of") ? attrs.integer("capacity_multiple_of") : 4);
        }
        return new Capacity.Fixed(attrs.integer(given));
    }
}

package tessella.models.vit;

import static tessella.models.vit.Fields.word;

import java.util.LinkedHashMap;
import java.util.Map;
import tessella.engine.Regularizer;
import tessella.engine.transport.Cardinality;
import tessella.models.moe.Balance;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.Placement;
import tessella.models.moe.Priority;
import tessella.models.moe.Router;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.MixtureConfig;
import tessella.models.softmoe.Mixing;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.topk.SoftExpertsChoice;
import tessella.models.topk.SoftTokensChoice;
import tessella.models.transport.TransportRouter;

/** The mixtures of a configuration as a JSON object: those of a sparse one name their router, those of Soft MoE have none. */
final class MixtureJson {
    private static final String TOKENS_CHOICE = "tokens_choice";
    private static final String EXPERTS_CHOICE = "experts_choice";
    private static final String SOFT_TOKENS_CHOICE = "soft_tokens_choice";
    private static final String SOFT_EXPERTS_CHOICE = "soft_experts_choice";
    private static final String TRANSPORT = "transport";

    private MixtureJson() {}

    static Map<String, Object> write(MixtureConfig config) {
        return switch (config) {
            case SoftMoeConfig soft -> soft(soft);
            case SparseMoeConfig sparse -> sparse(sparse);
            default -> throw new IllegalArgumentException("configuration moe: there is no JSON of a mixture of "
                    + config.getClass().getName());
        };
    }

    private static Map<String, Object> soft(SoftMoeConfig config) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("experts", (long) config.experts());
        json.put("slots", (long) config.slots());
        json.put("layers", (long) config.layers());
        json.put("dispatch", word(config.dispatch()));
        json.put("combine", word(config.combine()));
        return json;
    }

    private static Map<String, Object> sparse(SparseMoeConfig config) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("experts", (long) config.experts());
        json.put("layers", (long) config.layers());
        json.put("placement", word(config.placement()));
        json.put("group", (long) config.group());
        json.put("noise", config.noise());
        json.putAll(router(config.router()));
        return json;
    }

    private static Map<String, Object> router(Router router) {
        Map<String, Object> json = new LinkedHashMap<>();
        switch (router) {
            case TokensChoice tokens -> {
                json.put("router", TOKENS_CHOICE);
                json.put("chosen", (long) tokens.chosen());
                json.put("capacity", capacity(tokens.capacity()));
                json.put("priority", word(tokens.priority()));
                json.put("balance", balance(tokens.balance()));
            }
            case ExpertsChoice experts -> {
                json.put("router", EXPERTS_CHOICE);
                json.put("capacity", capacity(experts.capacity()));
            }
            case SoftTokensChoice tokens -> {
                json.put("router", SOFT_TOKENS_CHOICE);
                json.put("chosen", (long) tokens.chosen());
                json.put("regularizer", regularizer(tokens.regularizer()));
            }
            case SoftExpertsChoice experts -> {
                json.put("router", SOFT_EXPERTS_CHOICE);
                json.put("capacity", capacity(experts.capacity()));
                json.put("regularizer", regularizer(experts.regularizer()));
            }
            case TransportRouter transport -> {
                json.put("router", TRANSPORT);
                json.put("side", word(transport.side()));
                json.put("capacity", capacity(transport.capacity()));
                json.put("chosen", (long) transport.chosen());
                json.put("iterations", (long) transport.iterations());
                json.put("weights", word(transport.weights()));
            }
            default -> throw new IllegalArgumentException("configuration moe: there is no JSON of a router of "
                    + router.getClass().getName());
        }
        return json;
    }

    private static Map<String, Object> capacity(Capacity capacity) {
        Map<String, Object> json = new LinkedHashMap<>();
        switch (capacity) {
            case Capacity.Fixed(int rows) -> json.put("rows", (long) rows);
            case Capacity.Factor(double factor, Capacity.Rounding rounding, int multipleOf) -> {
                json.put("factor", factor);
                json.put("rounding", word(rounding));
                json.put("multiple_of", (long) multipleOf);
            }
        }
        return json;
    }

    private static Map<String, Object> regularizer(Regularizer regularizer) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("lambda", regularizer.lambda());
        json.put("p", regularizer.p());
        return json;
    }

    private static Map<String, Object> balance(Balance balance) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("importance", balance.importance());
        json.put("load", balance.load());
        json.put("gshard", balance.gshard());
        json.put("z", balance.z());
        return json;
    }

    static MixtureConfig read(Object value) {
        Fields moe = Fields.of("configuration moe", value);
        if (!moe.has("router")) {
            return new SoftMoeConfig(moe.integer("experts"), moe.integer("slots"), moe.integer("layers"),
                    moe.constant("dispatch", Mixing.class), moe.constant("combine", Mixing.class));
        }
        return new SparseMoeConfig(moe.integer("experts"), moe.integer("layers"), moe.constant("placement", Placement.class),
                moe.integer("group"), moe.real("noise"), readRouter(moe));
    }

    private static Router readRouter(Fields moe) {
        return switch (moe.text("router")) {
            case TOKENS_CHOICE -> new TokensChoice(moe.integer("chosen"), readCapacity(moe),
                    moe.constant("priority", Priority.class), readBalance(moe));
            case EXPERTS_CHOICE -> new ExpertsChoice(readCapacity(moe));
            case SOFT_TOKENS_CHOICE -> new SoftTokensChoice(moe.integer("chosen"), readRegularizer(moe));
            case SOFT_EXPERTS_CHOICE -> new SoftExpertsChoice(readCapacity(moe), readRegularizer(moe));
            case TRANSPORT -> new TransportRouter(moe.constant("side", Cardinality.Side.class), readCapacity(moe), moe.integer("chosen"),
                    moe.integer("iterations"), moe.constant("weights", TransportRouter.Weights.class));
            case String other -> throw new IllegalArgumentException("configuration moe router: expected one of [" + TOKENS_CHOICE
                    + ", " + EXPERTS_CHOICE + ", " + SOFT_TOKENS_CHOICE + ", " + SOFT_EXPERTS_CHOICE + ", " + TRANSPORT + "], found \"" + other + "\"");
        };
    }

    private static Capacity readCapacity(Fields moe) {
        Fields capacity = Fields.of("configuration moe capacity", moe.value("capacity"));
        return capacity.has("rows") ? new Capacity.Fixed(capacity.integer("rows")) : new Capacity.Factor(capacity.real("factor"),
                capacity.constant("rounding", Capacity.Rounding.class), capacity.integer("multiple_of"));
    }

    private static Regularizer readRegularizer(Fields moe) {
        Fields regularizer = Fields.of("configuration moe regularizer", moe.value("regularizer"));
        return new Regularizer(regularizer.real("lambda"), regularizer.real("p"));
    }

    private static Balance readBalance(Fields moe) {
        Fields balance = Fields.of("configuration moe balance", moe.value("balance"));
        return new Balance(balance.real("importance"), balance.real("load"), balance.real("gshard"), balance.real("z"));
    }
}

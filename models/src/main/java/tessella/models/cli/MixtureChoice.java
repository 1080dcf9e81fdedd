package tessella.models.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tessella.engine.Regularizer;
import tessella.models.moe.Router;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.softmoe.Mixing;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.topk.SoftExpertsChoice;
import tessella.models.topk.SoftTokensChoice;
import tessella.models.vit.VitConfig;

/**
 * What a recipe says of mixtures of experts.
 *
 * @param layers   how many blocks, from the last, have a mixture, if another number than the model's
 * @param dispatch how slots are made of tokens
 * @param combine  how tokens are made of slots
 * @param scale    the scale s that the routers of slots begin with: |logits| are at most that
 * @param lambda   how softly routers by soft top-k choose, if otherwise than the model's
 * @param norm     the p of their regularizer, if another than the model's
 */
record MixtureChoice(Optional<Integer> layers, Mixing dispatch, Mixing combine, double scale, Optional<Double> lambda,
        Optional<Double> norm) {
    private static final List<String> MIXINGS = Arrays.stream(Mixing.values()).map(MixtureChoice::word).toList();
    private static final Option<Integer> LAYERS = Option.integer("mixtures", 1, 1024,
            "blocks, from the last, that have a mixture").otherwise("as many as the model has");
    private static final Option<String> DISPATCH = Option.choice("dispatch", MIXINGS, "how slots are made of tokens")
            .orElse(word(Mixing.SOFT));
    private static final Option<String> COMBINE = Option.choice("combine", MIXINGS, "how tokens are made of slots")
            .orElse(word(Mixing.SOFT));
    private static final Option<Double> SCALE = Option.number("router-scale", 0, 1e4,
            "the scale that the logits of learned routing begin with").orElse(1.0);
    private static final Option<Double> LAMBDA = Option.number("router-lambda", 0, 1e9,
            "how softly routers by soft top-k choose, 0 for hard choices").otherwise("that of the model");
    private static final Option<Double> NORM = Option.number("router-norm", 1.01, 2,
            "the p of their regularizer, such as 2 or 1.3333333333333333").otherwise("that of the model, 2");

    /** What may be said of mixtures on the command line. */
    static final List<Option<?>> OPTIONS = List.of(LAYERS, DISPATCH, COMBINE, SCALE, LAMBDA, NORM);

    static MixtureChoice of(Arguments arguments) {
        return new MixtureChoice(arguments.find(LAYERS), Mixing.valueOf(arguments.get(DISPATCH).toUpperCase(Locale.ROOT)),
                Mixing.valueOf(arguments.get(COMBINE).toUpperCase(Locale.ROOT)), arguments.get(SCALE), arguments.find(LAMBDA),
                arguments.find(NORM));
    }

    private static String word(Mixing mixing) {
        return mixing.name().toLowerCase(Locale.ROOT);
    }

    /** Mixtures that dispatch and combine this way. */
    MixtureChoice with(Mixing mixing) {
        return new MixtureChoice(layers, mixing, mixing, scale, lambda, norm);
    }

    /** What can be said of a model without mixtures. */
    MixtureChoice none() {
        return new MixtureChoice(Optional.empty(), Mixing.SOFT, Mixing.SOFT, scale, lambda, norm);
    }

    /** Whether slots are made of tokens, and tokens of slots, by the learned softmax. */
    boolean isLearned() {
        return dispatch == Mixing.SOFT && combine == Mixing.SOFT;
    }

    /**
     * The model with these mixtures.
     *
     * @throws UsageException if something was said that its mixtures, or a model without any, do not have
     */
    VitConfig apply(VitConfig config, String model) {
        boolean soft = lambda.isPresent() || norm.isPresent();
        if (!(config.moe() instanceof SparseMoeConfig) && soft) {
            throw notSoft(model);
        }
        if (config.moe() instanceof SoftMoeConfig moe) {
            return config.withMoe(new SoftMoeConfig(moe.experts(), moe.slots(), layers.orElse(moe.layers()), dispatch, combine));
        }
        if (config.moe() instanceof SparseMoeConfig moe) {
            if (!isLearned() || scale != 1) {
                throw new UsageException("train: --dispatch, --combine and --router-scale are of Soft MoE, found " + model
                        + ", whose tokens or experts choose; leave them out");
            }
            Router router = soft ? router(moe.router(), model) : moe.router();
            return config.withMoe(new SparseMoeConfig(moe.experts(), layers.orElse(moe.layers()), moe.placement(), moe.group(),
                    moe.noise(), router));
        }
        if (layers.isPresent() || !isLearned()) {
            throw new UsageException("train: --mixtures, --dispatch and --combine are of mixtures, found " + model + ", which has none");
        }
        return config;
    }

    private Router router(Router usual, String model) {
        return switch (usual) {
            case SoftExpertsChoice experts -> new SoftExpertsChoice(experts.capacity(), regularizer(experts.regularizer()));
            case SoftTokensChoice tokens -> new SoftTokensChoice(tokens.chosen(), regularizer(tokens.regularizer()));
            default -> throw notSoft(model);
        };
    }

    private Regularizer regularizer(Regularizer usual) {
        return new Regularizer(lambda.orElse(usual.lambda()), norm.orElse(usual.p()));
    }

    private static UsageException notSoft(String model) {
        return new UsageException("train: --router-lambda and --router-norm are of routers by soft top-k, found " + model + "; leave them out");
    }

    /** The options written out, those alone that are not the default. */
    List<String> words() {
        List<String> words = new ArrayList<>();
        layers.ifPresent(blocks -> words.addAll(List.of("--mixtures", Integer.toString(blocks))));
        if (dispatch != Mixing.SOFT) {
            words.addAll(List.of("--dispatch", word(dispatch)));
        }
        if (combine != Mixing.SOFT) {
            words.addAll(List.of("--combine", word(combine)));
        }
        if (scale != 1) {
            words.addAll(List.of("--router-scale", Double.toString(scale)));
        }
        lambda.ifPresent(value -> words.addAll(List.of("--router-lambda", Double.toString(value))));
        norm.ifPresent(value -> words.addAll(List.of("--router-norm", Double.toString(value))));
        return words;
    }
}

package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tessella.models.softmoe.Mixing;

/**
 * {@code tessella ablate}: learned routing of Soft MoE against what is left when it is taken away (Soft MoE, section 3.5): slots that
 * are the mean of all tokens and tokens that are the mean of all slots (uniform), token i to slot i (identity), and no mixture
 * at all (dense). All with the same pictures, the same seeds and the same number of steps.
 *
 * @param recipe   of the learned routing
 * @param seeds    runs of each
 * @param dataRoot the folder that holds the data sets, if not the usual one
 * @param threads  threads to compute with
 * @param out      the folder of all runs, if not the usual one
 */
record AblateCommand(Recipe recipe, int seeds, Optional<Path> dataRoot, int threads, Optional<Path> out) implements Program.Action {
    private static final Option<Integer> SEEDS = Option.integer("seeds", 1, 1000, "runs of each kind").orElse(5);
    private static final String MIXTURE = "soft-moe-tiny";
    private static final String DENSE = "vit-tiny";

    /** What may follow {@code tessella ablate}. */
    static final Command COMMAND = new Command("ablate",
            "Compares Soft MoE with uniform routing, with identity routing and with its dense twin, over seeds.",
            Command.Operands.NONE, options());

    private static List<Option<?>> options() {
        List<Option<?>> options = new ArrayList<>(Recipe.OPTIONS);
        options.addAll(List.of(SEEDS, CommonOptions.DATA_ROOT, CommonOptions.THREADS, CommonOptions.OUT));
        return options;
    }

    static AblateCommand of(Arguments arguments) {
        return new AblateCommand(Recipe.of(arguments), arguments.get(SEEDS), arguments.find(CommonOptions.DATA_ROOT),
                arguments.get(CommonOptions.THREADS), arguments.find(CommonOptions.OUT));
    }

    @Override
    public void run(PrintStream print) throws IOException {
        if (!recipe.model().equals(MIXTURE) || !recipe.mixtures().isLearned()) {
            throw new UsageException("ablate: expected the model " + MIXTURE + " with soft dispatch and combine, whose twins are known, "
                    + "found other options; leave --model, --dispatch and --combine out");
        }
        List<String> words = new ArrayList<>(List.of("tessella", "ablate"));
        words.addAll(recipe.words());
        words.addAll(List.of("--seeds", Integer.toString(seeds)));
        new Campaign("Soft MoE and its ablations on " + recipe.data().label(), List.of(
                new Campaign.Arm("learned routing", recipe),
                new Campaign.Arm("uniform routing", recipe.withMixing(Mixing.UNIFORM)),
                new Campaign.Arm("identity routing", recipe.withMixing(Mixing.IDENTITY)),
                new Campaign.Arm("dense twin", recipe.dense(DENSE))), seeds, Campaign.Measures.USUAL, words, dataRoot, threads, out).run(print);
    }
}

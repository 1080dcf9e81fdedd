package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * {@code tessella compare}: training runs of several recipes, with the same pictures and the same seeds, side by side.
 *
 * @param arms     the recipes, of which the first is what the others are compared with
 * @param seeds    runs of each
 * @param measures what they are compared by
 * @param words    the command
 * @param dataRoot the folder that holds the data sets, if not the usual one
 * @param threads  threads to compute with; the result does not depend on it
 * @param out      the folder of all runs, if not the usual one
 */
record CompareCommand(List<Campaign.Arm> arms, int seeds, Campaign.Measures measures, List<String> words, Optional<Path> dataRoot,
        int threads, Optional<Path> out) implements Program.Action {
    private static final Option<List<ArmText>> ARM = Option.of("arm", "LABEL: OPTIONS",
            "one side of the comparison: what to call it, and options of its own in place of those that all have, with blanks "
                    + "between them; twice or more often", "a label (letters, digits and .,=+()- but not title or measure), "
                    + "a colon and options, such as \"top-5: --loss top-k --label-smoothing 0\"", ArmText::of).repeated();
    private static final Option<Integer> SEEDS = Option.integer("seeds", 1, 1000, "runs of each side").orElse(5);
    private static final Option<Boolean> VALIDATE = Option.flag("validate",
            "compares by the validation pictures, to choose settings, not by the test pictures");
    private static final Option<List<Measure>> MEASURES = Option.of("measures", "M,M,..",
            "what is compared, the first counts: " + String.join(", ", all()), "some of " + String.join(", ", all())
            + ", each once, with commas between them", CompareCommand::measures)
            .otherwise("accuracy; of any number of classes mean-average-precision");

    /** What may follow {@code tessella compare}. */
    static final Command COMMAND = new Command("compare", "Compares training runs of several recipes, over seeds that they share.",
            Command.Operands.NONE, options());

    /** What may follow a label; of the same name, which its messages begin with. */
    private static final Command ARM_COMMAND = new Command(COMMAND.name(), COMMAND.summary(), Command.Operands.NONE, Recipe.OPTIONS);

    /** An arm as it is written. */
    private record ArmText(String label, List<String> words) {
        /** The label names a folder, and an entry of comparison.json beside its title and measure. */
        private static final String LABEL = "(?!title$|measure$)[A-Za-z0-9]([A-Za-z0-9 .,=+()-]*[A-Za-z0-9=+()-])?";

        static Optional<ArmText> of(String text) {
            int colon = text.indexOf(':');
            String label = colon < 0 ? "" : text.substring(0, colon).strip();
            String rest = text.substring(colon + 1).strip();
            return label.matches(LABEL) ? Optional.of(new ArmText(label, rest.isEmpty() ? List.of() : List.of(rest.split("\\s+"))))
                    : Optional.empty();
        }

        /** The recipe of the common options and those of this arm. */
        Recipe recipe(Arguments common) {
            try {
                return Recipe.of(ARM_COMMAND.parse(words).over(common));
            } catch (UsageException | IllegalArgumentException e) {
                throw new UsageException("compare: arm \"" + label + "\": " + e.getMessage());
            }
        }

        String text() {
            return (label + ": " + String.join(" ", words)).strip();
        }
    }

    private static List<String> all() {
        return Arrays.stream(Measure.values()).map(Measure::word).toList();
    }

    private static Optional<List<Measure>> measures(String text) {
        List<Optional<Measure>> found = Arrays.stream(text.split(",", -1)).map(Measure::of).toList();
        return found.stream().allMatch(Optional::isPresent) && found.stream().distinct().count() == found.size()
                ? Optional.of(found.stream().map(Optional::get).toList()) : Optional.empty();
    }

    private static List<Option<?>> options() {
        List<Option<?>> options = new ArrayList<>(List.of(ARM));
        options.addAll(Recipe.OPTIONS);
        options.addAll(List.of(SEEDS, VALIDATE, MEASURES, CommonOptions.DATA_ROOT, CommonOptions.THREADS, CommonOptions.OUT));
        return options;
    }

    static CompareCommand of(Arguments arguments) {
        List<ArmText> texts = arguments.find(ARM).orElse(List.of());
        if (texts.size() < 2) {
            throw new UsageException("compare: expected --arm \"LABEL: OPTIONS\" twice or more often, found "
                    + (texts.isEmpty() ? "none" : "only \"" + texts.getFirst().text() + "\"") + "; an arm may have a label alone");
        }
        Recipe common = Recipe.of(arguments);
        List<Campaign.Arm> arms = new ArrayList<>();
        Set<String> folders = new HashSet<>();
        for (ArmText text : texts) {
            Recipe recipe = text.recipe(arguments);
            Campaign.Arm arm = new Campaign.Arm(text.label(), recipe);
            if (!folders.add(arm.folderName().toLowerCase(Locale.ROOT))) {
                throw new UsageException("compare: expected arms of different labels, found \"" + text.label() + "\" twice, or as the name of "
                        + "the same folder; rename one");
            }
            if (!recipe.data().equals(common.data()) || !recipe.side().equals(common.side()) || !recipe.limit().equals(common.limit())
                    || recipe.config().seed() != common.config().seed()) {
                throw new UsageException("compare: expected the same pictures and seeds for all arms, found another --data, --side, --limit or "
                        + "--seed in arm \"" + text.label() + "\"; give it once, outside of --arm");
            }
            arms.add(arm);
        }
        Campaign.Measures measures = new Campaign.Measures(arguments.get(VALIDATE) ? Campaign.Pictures.VALIDATION : Campaign.Pictures.TEST,
                arguments.find(MEASURES).orElse(List.of()));
        List<String> words = new ArrayList<>(List.of("tessella", COMMAND.name()));
        words.addAll(common.words());
        words.addAll(List.of("--seeds", Integer.toString(arguments.get(SEEDS))));
        words.addAll(measures.words());
        texts.forEach(text -> words.addAll(List.of("--arm", text.text())));
        return new CompareCommand(arms, arguments.get(SEEDS), measures, words, arguments.find(CommonOptions.DATA_ROOT),
                arguments.get(CommonOptions.THREADS), arguments.find(CommonOptions.OUT));
    }

    @Override
    public void run(PrintStream print) throws IOException {
        Recipe first = arms.getFirst().recipe();
        new Campaign(String.join(" and ", arms.stream().map(Campaign.Arm::label).toList()) + " on " + first.data().label(), arms, seeds,
                measures, words, dataRoot, threads, out).run(print);
    }
}

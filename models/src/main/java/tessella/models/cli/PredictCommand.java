package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Workers;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;
import tessella.models.report.RoutingPicture;
import tessella.models.train.Checkpoint;

/**
 * {@code tessella predict}: names what is on pictures.
 *
 * @param checkpoint the file
 * @param pictures   picture files, at least one
 * @param top        how many classes to name for each
 * @param routing    where a picture of the routing is written, if one is wanted
 * @param threads    threads to compute with
 */
record PredictCommand(Path checkpoint, List<Path> pictures, int top, Optional<Path> routing, int threads) implements Program.Action {
    private static final Option<Integer> TOP = Option.integer("top", 1, Integer.MAX_VALUE,
            "how many classes to name for each picture").orElse(3);
    private static final Option<Path> ROUTING = Option.path("routing",
            "an SVG file for where the slots of the last Soft MoE layer look").otherwise("none");

    /** What may follow {@code tessella predict}. */
    static final Command COMMAND = new Command("predict", "Names what is on pictures, with probabilities.",
            new Command.Operands("<checkpoint> <picture>...", 2, Integer.MAX_VALUE),
            List.of(TOP, ROUTING, CommonOptions.THREADS, CommonOptions.PROFILE));

    static PredictCommand of(Arguments arguments) {
        List<String> words = arguments.operands();
        return new PredictCommand(CommonOptions.checkpoint(words.getFirst()), words.stream().skip(1).map(Path::of).toList(),
                arguments.get(TOP), arguments.find(ROUTING),
                arguments.get(CommonOptions.THREADS));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        List<Picture> read = new ArrayList<>();
        for (Path picture : pictures) {
            read.add(PictureReader.read(picture));
        }
        try (Workers workers = Workers.of(threads); Checkpoint loaded = Checkpoint.load(checkpoint); Scope scope = Scope.open()) {
            Tensor probabilities = Workers.with(workers,
                    () -> loaded.objective().probabilities(loaded.model().logits(loaded.batch(scope, read))));
            float[] p = probabilities.toFloats();
            int classes = loaded.classNames().size();
            for (int i = 0; i < read.size(); i++) {
                int first = i * classes;
                out.println(pictures.get(i));
                IntStream.range(0, classes).boxed().sorted(Comparator.comparingDouble(c -> -p[first + c])).limit(top)
                        .forEach(c -> out.printf(Locale.ROOT, "  %.4f %s%n", p[first + c], loaded.classNames().get(c)));
            }
            if (routing.isPresent()) {
                List<String> names = pictures.stream().map(file -> file.getFileName().toString()).toList();
                new RoutingPicture(Workers.with(workers, () -> Routing.ofLast(loaded, read, names))).write(routing.get());
                out.println("routing " + routing.get());
            }
        }
    }
}

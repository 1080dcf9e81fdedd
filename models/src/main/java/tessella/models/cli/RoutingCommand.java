package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.data.ImageSet;
import tessella.models.moe.RoutingMeasures;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VitConfig;

/**
 * {@code tessella routing}: how the sparse mixtures of a checkpoint treat test pictures, a line for each layer.
 *
 * @param checkpoint the file
 * @param data the data set
 * @param side side of the square that pictures are brought to, if they have no size of their own
 * @param dataRoot the folder that holds the data sets, if not the usual one
 * @param pictures how many are looked at
 * @param threads threads to compute with
 */
record RoutingCommand(Path checkpoint, DataChoice data, Optional<Integer> side, Optional<Path> dataRoot, int pictures, int threads)
        implements Program.Action {
    private static final Option<Integer> PICTURES = Option.integer("pictures", 1, Integer.MAX_VALUE, "test pictures that are looked at")
            .orElse(500);
    /** Of the cotangents, so that checkpoints are compared with the same. */
    private static final long SEED = 1;
    private static final int BATCH = 48;

    /** What may follow {@code tessella routing}. */
    static final Command COMMAND = new Command("routing", "Tells how the sparse mixtures of a checkpoint route test pictures.",
            new Command.Operands("<checkpoint>", 1, 1),
            List.of(CommonOptions.DATA, CommonOptions.SIDE, CommonOptions.DATA_ROOT, PICTURES, CommonOptions.THREADS));

    static RoutingCommand of(Arguments arguments) {
        return new RoutingCommand(CommonOptions.checkpoint(arguments.operands().getFirst()), arguments.get(CommonOptions.DATA),
                arguments.find(CommonOptions.SIDE), arguments.find(CommonOptions.DATA_ROOT), arguments.get(PICTURES),
                arguments.get(CommonOptions.THREADS));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        ImageSet test = data.test(CommonOptions.dataRoot(dataRoot), side);
        try (Workers workers = Workers.of(threads); Checkpoint loaded = Checkpoint.load(checkpoint)) {
            VitConfig config = loaded.model().config();
            if (!(config.moe() instanceof SparseMoeConfig moe)) {
                throw new UsageException("routing: expected a checkpoint with sparse mixtures, found " + checkpoint + " without; "
                        + "the report of a Soft MoE run shows its routing");
            }
            out.println(moe.describe());
            out.println("layer           experts of  tokens     busiest  pairs hard    gradient at  marginal");
            out.println("                a token     without    expert   would not     those        error");
            Workers.with(workers, () -> measures(loaded, moe, test)).forEach((layer, measures) ->
                    out.println(line(layer, measures)));
        }
    }

    private static String line(String layer, RoutingMeasures measures) {
        OptionalDouble error = measures.marginalError();
        return String.format(Locale.ROOT, "%-15s %-11.3f %-10.4f %-8.2f %-13.4f %-12.4f %s", layer, measures.pairs(), measures.unrouted(),
                measures.busiest(), measures.others(), measures.gradient(),
                error.isPresent() ? String.format(Locale.ROOT, "%.3f", error.getAsDouble()) : "-");
    }

    private Map<String, RoutingMeasures> measures(Checkpoint checkpoint, SparseMoeConfig moe, ImageSet test) {
        VitConfig config = checkpoint.model().config();
        Map<String, RoutingMeasures> measures = new LinkedHashMap<>();
        moe.blocks(config.depth()).stream().sorted().forEach(block -> measures.put("blocks." + block + ".moe",
                new RoutingMeasures(moe.router(), SEED)));
        int batch = Math.ceilDiv(BATCH, moe.group()) * moe.group();
        int count = Math.min(pictures, test.size());
        for (int first = 0; first < count; first += batch) {
            List<Integer> indices = IntStream.range(first, Math.min(count, first + batch)).boxed().toList();
            Map<String, Tensor> seen = new HashMap<>();
            try (Scope scope = Scope.open()) {
                checkpoint.model().logits(checkpoint.batch(scope, indices.stream().map(test::picture).toList()), seen::put);
                measures.forEach((layer, measure) -> add(measure, seen.get(layer + ".logits"), moe.group()));
            }
        }
        return measures;
    }

    /** Logits [b, m, E] as the groups that they were routed in. */
    private static void add(RoutingMeasures measures, Tensor logits, int group) {
        long b = logits.dim(0);
        long m = logits.dim(1);
        long experts = logits.dim(2);
        for (long from = 0; from < b; from += group) {
            long images = Math.min(group, b - from);
            NdArray own = logits.value().slice(0, from, from + images);
            measures.add(own.reshape(Shape.of(images * m, experts)));
        }
    }
}

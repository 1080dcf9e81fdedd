package tessella.models.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.models.data.ImageSet;
import tessella.models.data.Picture;
import tessella.models.report.RoutedPicture;
import tessella.models.report.RoutingFigure;
import tessella.models.report.RoutingStatistics;
import tessella.models.softmoe.Mixing;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VitConfig;

/** Measures how the Soft MoE layers of a model route pictures. */
final class Routing {
    private static final int MEASURED = 500;
    private static final int BATCH = 50;
    private static final int SHOWN_PICTURES = 6;
    private static final int SHOWN_EXPERTS = 6;
    private static final int SHOWN_SLOTS = 16;

    private Routing() {}

    /** A figure for each mixture layer: means over the first pictures, and one picture of each of the first classes. */
    static List<RoutingFigure> of(Checkpoint checkpoint, ImageSet pictures) {
        VitConfig config = checkpoint.model().config();
        if (!(config.moe() instanceof SoftMoeConfig moe && canBeDrawn(moe, config))) {
            return List.of();
        }
        int slots = moe.experts() * moe.slots();
        List<Integer> shown = firstOfEachClass(pictures);
        List<String> layers = new ArrayList<>();
        Map<String, RoutingStatistics> statistics = new HashMap<>();
        Map<String, List<RoutedPicture>> routed = new HashMap<>();
        for (int block = config.depth() - moe.layers(); block < config.depth(); block++) {
            layers.add("blocks." + block + ".moe");
            statistics.put(layers.getLast(), new RoutingStatistics(config.tokens(), moe.experts(), moe.slots()));
            routed.put(layers.getLast(), new ArrayList<>());
        }
        int count = Math.min(MEASURED, pictures.size());
        for (int first = 0; first < count; first += BATCH) {
            List<Integer> indices = IntStream.range(first, Math.min(count, first + BATCH)).boxed().toList();
            weights(checkpoint, indices.stream().map(pictures::picture).toList(), (layer, dispatch, combine) -> {
                for (int i = 0; i < indices.size(); i++) {
                    statistics.get(layer).add(RoutingFigure.matrix(dispatch, i, config.tokens(), slots),
                            RoutingFigure.matrix(combine, i, config.tokens(), slots));
                }
            });
        }
        weights(checkpoint, shown.stream().map(pictures::picture).toList(), (layer, dispatch, combine) -> {
            for (int i = 0; i < shown.size(); i++) {
                int index = shown.get(i);
                routed.get(layer).add(new RoutedPicture(pictures.picture(index),
                        String.join(", ", pictures.classes(index).stream().map(pictures.classNames()::get).toList()),
                        RoutingFigure.matrix(dispatch, i, config.tokens(), slots)));
            }
        });
        return layers.stream().map(layer -> new RoutingFigure(layer, config.gridRows(), config.gridColumns(),
                mostDecided(statistics.get(layer), moe), routed.get(layer), statistics.get(layer))).toList();
    }

    /**
     * The last mixture layer on these pictures, the experts that are the most decided on them.
     *
     * @throws UsageException if the model has no learned routing
     */
    static RoutingFigure ofLast(Checkpoint checkpoint, List<Picture> pictures, List<String> captions) {
        VitConfig config = checkpoint.model().config();
        if (!(config.moe() instanceof SoftMoeConfig moe && canBeDrawn(moe, config))) {
            throw new UsageException("predict: --routing shows the learned routing of Soft MoE, found a model without; "
                    + "leave it out");
        }
        String last = "blocks." + (config.depth() - 1) + ".moe";
        RoutingStatistics statistics = new RoutingStatistics(config.tokens(), moe.experts(), moe.slots());
        List<RoutedPicture> routed = new ArrayList<>();
        int slots = moe.experts() * moe.slots();
        weights(checkpoint, pictures, (layer, dispatch, combine) -> {
            for (int i = 0; layer.equals(last) && i < pictures.size(); i++) {
                float[][] weights = RoutingFigure.matrix(dispatch, i, config.tokens(), slots);
                statistics.add(weights, RoutingFigure.matrix(combine, i, config.tokens(), slots));
                Picture seen = pictures.get(i).resized(config.height(), config.width());
                routed.add(new RoutedPicture(seen, captions.get(i), weights));
            }
        });
        List<Integer> shown = mostDecided(statistics, moe);
        return new RoutingFigure(last, config.gridRows(), config.gridColumns(),
                shown.subList(0, Math.min(shown.size(), Math.max(1, SHOWN_SLOTS / moe.slots()))), routed, statistics);
    }

    /** Whether there is learned routing, and each token is a patch. */
    private static boolean canBeDrawn(SoftMoeConfig moe, VitConfig config) {
        return moe.dispatch() == Mixing.SOFT && config.tokens() == config.gridRows() * config.gridColumns();
    }

    private interface Visitor {
        void see(String layer, float[] dispatch, float[] combine);
    }

    private static void weights(Checkpoint checkpoint, List<Picture> batch, Visitor visitor) {
        Map<String, Tensor> seen = new HashMap<>();
        try (Scope scope = Scope.open()) {
            checkpoint.model().logits(checkpoint.batch(scope, batch), seen::put);
            for (String name : seen.keySet().stream().filter(n -> n.endsWith(".dispatch")).sorted().toList()) {
                String layer = name.substring(0, name.length() - ".dispatch".length());
                visitor.see(layer, seen.get(name).toFloats(), seen.get(layer + ".combine").toFloats());
            }
        }
    }

    private static List<Integer> firstOfEachClass(ImageSet pictures) {
        return IntStream.range(0, Math.min(SHOWN_PICTURES, pictures.classNames().size())).mapToObj(wanted ->
                IntStream.range(0, pictures.size()).filter(i -> pictures.classes(i).contains(wanted)).boxed().findFirst())
                .flatMap(Optional::stream).toList();
    }

    /** The experts whose slots look at the fewest tokens: those of the lowest mean dispatch entropy, in order. */
    private static List<Integer> mostDecided(RoutingStatistics statistics, SoftMoeConfig moe) {
        double[] entropy = statistics.dispatchEntropy();
        return IntStream.range(0, moe.experts()).boxed().sorted(Comparator.comparingDouble((Integer expert) ->
                IntStream.range(0, moe.slots()).mapToDouble(slot -> entropy[expert * moe.slots() + slot]).sum()))
                .limit(SHOWN_EXPERTS).sorted().toList();
    }
}

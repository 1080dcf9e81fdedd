package tessella.models.pruning;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.UpdateRule;
import tessella.models.data.Augmentation;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.measure.Metrics;
import tessella.models.nn.Parameters;
import tessella.models.train.Optimizer;
import tessella.models.train.Schedule;

/**
 * Trains an MLP while it is pruned: dense at first, then the share of weights that are 0 rises from 0 to the sparsity, s (1 - (1 - u)^3) with
 * u from 0 to 1 over the steps of pruning (Zhu and Gupta 2017), then the weights that are left are fine-tuned, which ones does not change any more.
 */
public final class PruningRun {
    /**
     * How it is trained; equal for all that is compared.
     *
     * @param hidden widths of the hidden layers
     * @param epochs in all
     * @param batch pictures of a step
     * @param learningRate at its peak; it falls to 0 as a cosine
     * @param from share of the steps after which pruning begins
     * @param until share of the steps after which it has ended
     */
    public record Settings(List<Integer> hidden, int epochs, int batch, double learningRate, double from, double until) {
        /** Checks the shares. */
        public Settings {
            hidden = List.copyOf(hidden);
            if (epochs < 1 || batch < 1 || !(from >= 0 && from < until && until < 1)) {
                throw new IllegalArgumentException("pruning: expected at least one epoch and picture, and shares 0 <= from < until < 1, found "
                        + epochs + ", " + batch + ", " + from + ", " + until);
            }
        }

        /** 300 and 100 hidden units, pruned from a tenth to two thirds of the steps. */
        public static Settings of(int epochs) {
            return new Settings(List.of(300, 100), epochs, 100, 1e-3, 0.1, 2.0 / 3);
        }
    }

    /**
     * What came out.
     *
     * @param validation accuracy on the validation pictures
     * @param test accuracy on the test pictures
     * @param left weights of pruned kernels that are not 0
     * @param multiplyAdds of one picture, zeros left out
     */
    public record Result(double validation, double test, long left, long multiplyAdds) {}

    /** Follows a run, after each epoch. */
    public interface Listener {
        /** An epoch of so many has ended, at this mean loss. */
        void epoch(int epoch, int epochs, double loss);
    }

    private final DataSplits data;
    private final Preprocessing preprocessing;
    private final Settings settings;
    private final Pruning pruning;
    private final double sparsity;
    private final long seed;

    /**
     * A run.
     *
     * @param sparsity share of the weights of each pruned kernel that is 0 in the end, from 0 to below 1
     */
    public PruningRun(DataSplits data, Settings settings, Pruning pruning, double sparsity, long seed) {
        if (!(sparsity >= 0 && sparsity < 1)) {
            throw new IllegalArgumentException("pruning: expected a sparsity from 0 to below 1, found " + sparsity);
        }
        this.data = data;
        this.preprocessing = Preprocessing.standardising(data.train());
        this.settings = settings;
        this.pruning = pruning;
        this.sparsity = sparsity;
        this.seed = seed;
    }

    /** Trains, prunes, fine-tunes and measures. */
    public Result run(Listener listener) {
        List<Integer> widths = new ArrayList<>(List.of(preprocessing.height() * preprocessing.width() * preprocessing.channels()));
        widths.addAll(settings.hidden());
        widths.add(data.classNames().size());
        try (Scope masks = Scope.shared(); Parameters parameters = Parameters.initialized(PrunedMlp.specs(widths), DType.F32, seed);
                Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.of(UpdateRule.Adam.DEFAULT))) {
            PrunedMlp model = new PrunedMlp(widths, parameters);
            long perEpoch = data.train().size() / settings.batch();
            long steps = perEpoch * settings.epochs();
            Schedule rates = Schedule.warmupCosine(settings.learningRate(), 0, steps);
            Batches batches = Batches.of(data.train(), preprocessing, settings.batch(), Batches.Remainder.DROP);
            Random shuffle = Random.of(seed, "shuffle");
            List<Tensor> fixed = new ArrayList<>();
            long step = 0;
            for (int epoch = 1; epoch <= settings.epochs(); epoch++) {
                double loss = 0;
                int[] order = shuffle.at(epoch, 0).permutation(data.train().size());
                for (Batch batch : batches.epoch(order, Augmentation.NONE, _ -> _ -> 0)) {
                    double done = (double) step / steps;
                    if (done >= settings.until() && fixed.isEmpty()) {
                        fixed.addAll(masks(masks, model));
                    }
                    try (Tape tape = Tape.record()) {
                        Tensor logits = model.logits(pixels(batch), fixed.isEmpty() ? selection(done)
                                : (layer, kernel) -> Elementwise.mul(kernel, fixed.get(layer)));
                        Tensor mean = Reductions.mean(Losses.softmaxCrossEntropy(logits, batch.labels(), 0)).keep();
                        loss += mean.item() / perEpoch;
                        optimizer.step(tape.gradients(mean), rates.at(step));
                    }
                    step++;
                }
                listener.epoch(epoch, settings.epochs(), loss);
            }
            BiFunction<Integer, Tensor, Tensor> last = (layer, kernel) -> Elementwise.mul(kernel, fixed.get(layer));
            List<Integer> kept = new ArrayList<>();
            for (int layer = 0; layer < model.pruned(); layer++) {
                try (Scope _ = Scope.open()) {
                    kept.add((int) Arrays.stream(last.apply(layer, model.kernel(layer)).toDoubles()).filter(w -> w != 0).count());
                }
            }
            return new Result(accuracy(model, last, data.validation()), accuracy(model, last, data.test()),
                    kept.stream().mapToLong(Integer::longValue).sum(), model.multiplyAdds(kept));
        }
    }

    private int kept(Tensor kernel, double share) {
        return (int) Math.max(1, Math.round(kernel.shape().size() * (1 - share)));
    }

    private BiFunction<Integer, Tensor, Tensor> selection(double done) {
        double u = (done - settings.from()) / (settings.until() - settings.from());
        if (u <= 0) {
            return (_, kernel) -> kernel;
        }
        double share = sparsity * (1 - (1 - u) * (1 - u) * (1 - u));
        return (_, kernel) -> pruning.select(kernel, kept(kernel, share), u);
    }

    /** 1 for the weights that are left for good. */
    private List<Tensor> masks(Scope scope, PrunedMlp model) {
        List<Tensor> masks = new ArrayList<>();
        for (int layer = 0; layer < model.pruned(); layer++) {
            try (Scope _ = Scope.open()) {
                Tensor kernel = model.kernel(layer);
                NdArray sizes = NdArray.empty(Scope.current(), kernel.dtype(), Shape.of(kernel.shape().size()));
                sizes.copyFrom(Arrays.stream(kernel.toDoubles()).map(Math::abs).toArray());
                NdArray mask = NdArray.empty(scope, kernel.dtype(), kernel.shape());
                mask.copyFrom(SparseTopK.hardMask(Tensor.of(sizes), kept(kernel, sparsity)).toFloats());
                masks.add(Tensor.of(mask));
            }
        }
        return masks;
    }

    private static Tensor pixels(Batch batch) {
        return Tensor.of(Scope.current(), Shape.of(batch.size(), batch.images().length / batch.size()), batch.images());
    }

    private double accuracy(PrunedMlp model, BiFunction<Integer, Tensor, Tensor> select, ImageSet pictures) {
        float[][] scores = new float[pictures.size()][];
        int[] labels = new int[pictures.size()];
        int classes = data.classNames().size();
        for (Batch batch : Batches.of(pictures, preprocessing, settings.batch(), Batches.Remainder.KEEP).inOrder()) {
            try (Scope _ = Scope.open()) {
                float[] logits = model.logits(pixels(batch), select).toFloats();
                for (int i = 0; i < batch.size(); i++) {
                    scores[batch.indices()[i]] = Arrays.copyOfRange(logits, i * classes, (i + 1) * classes);
                    labels[batch.indices()[i]] = batch.labels()[i];
                }
            }
        }
        return Metrics.topK(scores, labels, 1);
    }
}

package tessella.models.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.io.Safetensors;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.DataSplits;
import tessella.models.data.Epoch;
import tessella.models.data.Prefetch;
import tessella.models.data.Preprocessing;
import tessella.models.data.RandomSource;
import tessella.models.data.Transform;
import tessella.models.nn.TrainingPass;
import tessella.models.vit.VisionTransformer;

/**
 * Trains a classifier with a rule and a schedule. Equal arguments give equal bits, on any number of threads: the
 * order of an epoch depends on (seed, epoch), the augmentation of a picture on (seed, epoch, picture).
 *
 * <p>Between two steps a trainer can be saved, and another one of the same arguments restored: what follows then has the bits
 * of a run that was never interrupted. One thread at a time may use it.
 */
public final class Trainer implements AutoCloseable {
    private static final String PARAMETER = "parameter.";
    private static final String CONFIG = "trainer.config";
    private static final String DATA = "trainer.data";
    private static final String STEP = "trainer.step";
    private static final String LOSS = "trainer.loss";
    private static final String RIGHT = "trainer.right";

    private final VisionTransformer model;
    private final DataSplits data;
    private final Preprocessing preprocessing;
    private final Transform augmentation;
    private final TrainConfig config;
    private final Batches batches;
    private final long perEpoch;
    private final Objective objective;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final Parts parts;
    private final Ema mean; // null if the parameters themselves are measured
    private VisionTransformer averaged; // holds the mean while it is measured
    /** Steps taken, and what this epoch has seen so far. */
    private long step;
    private double lossSum;
    private long right;

    /**
     * A step that has been taken.
     *
     * @param epoch from 1
     * @param step from 1, over all epochs
     * @param steps in all
     * @param images seen in all, each time counted
     * @param loss mean over the batch of the loss that is learned by, and what mixtures add to it
     * @param learningRate of this step
     * @param gradientNorm global, before clipping
     */
    public record Step(int epoch, long step, long steps, long images, double loss, double learningRate, double gradientNorm) {}

    /**
     * An epoch that has ended.
     *
     * @param epoch from 1
     * @param step the last one
     * @param trainLoss mean over its batches, as they were met
     * @param trainAccuracy share of its pictures named right, as they were met and mixed
     * @param validation the validation pictures after it, their loss that which is learned by
     */
    public record EpochEnd(int epoch, long step, double trainLoss, double trainAccuracy, Evaluation validation) {}

    /** Follows a training run; an exception it throws ends the run. */
    public interface Listener {
        /** After each step. */
        void step(Step step);

        /** After each epoch. */
        void epoch(EpochEnd epoch);

        /** Whether training should end after this step; asked after each. */
        default boolean wantsToStop() {
            return false;
        }
    }

    /** How a run ended. */
    public enum End {
        /** All steps were taken. */
        COMPLETE,
        /** The listener wanted to stop; {@link Trainer#run} goes on. */
        STOPPED
    }

    /**
     * A trainer that has taken no step; it trains the model in place, and freezes what the configuration names.
     *
     * @throws IllegalArgumentException if there are fewer training pictures than in a batch, a name to freeze matches nothing, or the
     *     pictures cannot be learned by the loss
     */
    public Trainer(VisionTransformer model, DataSplits data, Preprocessing preprocessing, Transform augmentation,
            TrainConfig config) {
        this.model = model;
        this.data = data;
        this.preprocessing = preprocessing;
        this.augmentation = augmentation;
        this.config = config;
        config.loss().check(data.train());
        batches = Batches.of(data.train(), preprocessing, config.batch() / config.parts(), Batches.Remainder.DROP);
        perEpoch = data.train().size() / config.batch();
        objective = Objective.of(data.train());
        parts = new Parts(config.parts(), model.parameters().count());
        if (perEpoch == 0) {
            throw new IllegalArgumentException("train: expected at least one batch of " + config.batch() + " pictures, found "
                    + data.train().size() + " training pictures; use a smaller batch");
        }
        schedule = config.schedule().of(config.learningRate(), (long) (config.warmup() * steps()), steps());
        Freezing.freeze(model.parameters(), config.frozen().stream().map(Pattern::compile).toList());
        optimizer = new Optimizer(model.parameters(), new Optimizer.Settings(config.rule().rule(config.beta2()),
                new Clip.GlobalNorm(config.clip()), WeightDecay.softMoe(config.weightDecay(), config.weightDecay())));
        try {
            mean = config.averaging() == 0 ? null : new Ema(model.parameters(), config.averaging(), Ema.Start.ZERO_DEBIASED);
        } catch (RuntimeException e) {
            optimizer.close();
            throw e;
        }
    }

    /**
     * Trains the model in place, from the first step to the last; errors as for the constructor and {@link #run}.
     */
    public static void train(VisionTransformer model, DataSplits data, Preprocessing preprocessing, Transform augmentation,
            TrainConfig config, Listener listener) {
        try (Trainer trainer = new Trainer(model, data, preprocessing, augmentation, config)) {
            trainer.run(listener);
            trainer.finish();
        }
    }

    private long steps() {
        return perEpoch * config.epochs();
    }

    /** Steps taken. */
    public long step() {
        return step;
    }

    /**
     * Takes the steps that are left, until the listener wants to stop.
     *
     * @throws TrainingException if a loss or the norm of the gradients is not a finite number; the message names the first
     *     array that is not, and the parameters are those before that step
     */
    public End run(Listener listener) {
        Random shuffle = Random.of(config.seed(), "shuffle");
        Random augment = Random.of(config.seed(), "augment");
        Random mix = Random.of(config.seed(), "mix");
        int pictures = data.train().size();
        try (Prefetch prefetch = Prefetch.of(1, 2)) {
            while (step < steps()) {
                int epoch = (int) (step / perEpoch) + 1;
                int[] order = shuffle.at(epoch, 0).permutation(pictures);
                int first = (int) (step % perEpoch);
                int[] left = Arrays.copyOfRange(order, first * config.batch(), (int) perEpoch * config.batch());
                Epoch cut = batches.epoch(left, augmentation, index -> RandomSource.of(augment.at(epoch, index)));
                if (config.mixing().isPresent()) {
                    cut = cut.then(config.mixing().get(),
                            place -> RandomSource.of(mix.at(epoch, first * config.parts() + place)));
                }
                Iterator<Batch> made = prefetch.batches(cut).iterator();
                while (made.hasNext()) {
                    listener.step(take(made, epoch));
                    if (step % perEpoch != 0 && listener.wantsToStop()) {
                        return End.STOPPED;
                    }
                }
                double loss = lossSum / perEpoch;
                double accuracy = (double) right / (perEpoch * config.batch());
                lossSum = 0;
                right = 0;
                listener.epoch(new EpochEnd(epoch, step, loss, accuracy,
                        Evaluation.of(measured(), data.validation(), preprocessing, Evaluation.BATCH, config.loss())));
                if (step < steps() && listener.wantsToStop()) {
                    return End.STOPPED;
                }
            }
        }
        return End.COMPLETE;
    }

    /** The model that is measured. */
    private VisionTransformer measured() {
        if (mean == null) {
            return model;
        }
        if (averaged == null) {
            averaged = VisionTransformer.empty(model.config(), model.parameters().get("head.bias").value().dtype());
        }
        mean.writeTo(averaged.parameters());
        return averaged;
    }

    /** Brings the parameters to their running mean, if there is one; the last thing that is done with a trainer. */
    public void finish() {
        if (mean != null) {
            mean.writeTo(model.parameters());
        }
    }

    private Step take(Iterator<Batch> made, int epoch) {
        double rate = schedule.at(step);
        Batch[] batches = new Batch[config.parts()];
        Arrays.setAll(batches, _ -> made.next());
        double[] losses = new double[batches.length];
        int[] hits = new int[batches.length];
        double norm;
        try (Scope shared = Scope.shared()) {
            Gradients gradients = parts.gradients(shared, part -> {
                Batch batch = batches[part];
                TrainingPass pass = new TrainingPass(config.seed(), step, part * batch.size());
                Tensor logits = model.logits(Evaluation.images(Scope.current(), batch), config.activations(), pass).keep();
                Tensor ofResults = Reductions.mean(config.mixing().isEmpty()
                        ? config.loss().losses(objective, logits, batch, config.labelSmoothing())
                        : objective.targetLosses(logits, batch, config.labelSmoothing()));
                Tensor loss = pass.loss().map(added -> Elementwise.add(ofResults, added)).orElse(ofResults).keep();
                losses[part] = loss.item();
                hits[part] = hits(logits.toFloats(), batch);
                return loss;
            });
            for (int part = 0; part < losses.length; part++) {
                if (!Double.isFinite(losses[part])) {
                    throw notFinite("loss", losses[part], epoch, firstBroken(batches[part]));
                }
            }
            norm = optimizer.step(gradients, rate);
            if (!Double.isFinite(norm)) {
                throw notFinite("norm of the gradients", norm, epoch, firstBroken(gradients));
            }
        }
        double loss = Arrays.stream(losses).sum() / losses.length;
        if (mean != null) {
            mean.step();
        }
        step++;
        lossSum += loss;
        right += Arrays.stream(hits).sum();
        return new Step(epoch, step, steps(), step * config.batch(), loss, rate, norm);
    }

    private TrainingException notFinite(String what, double value, int epoch, String first) {
        return new TrainingException("train: the " + what + " is " + value + " at step " + (step + 1) + " of epoch " + epoch
                + ", first not finite is " + first + "; nothing of this step was kept, lower the learning rate");
    }

    /** The first array of a forward pass with an element that is no finite number. */
    private String firstBroken(Batch batch) {
        for (Parameter parameter : model.parameters().all()) {
            if (isBroken(parameter.value())) {
                return "the parameter " + parameter.name();
            }
        }
        String[] first = {null};
        try (Scope scope = Scope.open()) {
            Tensor images = Evaluation.images(scope, batch);
            if (isBroken(images.value())) {
                return "the batch of pictures";
            }
            Tensor logits = model.logits(images, (name, value) -> {
                if (first[0] == null && isBroken(value.value())) {
                    first[0] = "the value " + name;
                }
            });
            return first[0] != null ? first[0] : isBroken(logits.value()) ? "the logits" : "the loss itself";
        }
    }

    private String firstBroken(Gradients gradients) {
        for (Parameter parameter : model.parameters().all()) {
            NdArray gradient = gradients.of(parameter);
            if (gradient != null && isBroken(gradient)) {
                return "the gradient of " + parameter.name();
            }
        }
        return "the sum of their squares";
    }

    private static boolean isBroken(NdArray x) {
        return !Arrays.stream(x.toDoubles()).allMatch(Double::isFinite);
    }

    /**
     * Writes where the run stands: parameters, optimiser, and how far it is; whole, or not at all.
     *
     * @param notes kept beside it, for {@link #notes}
     * @throws IOException if it cannot be written; what was at the path before is still there
     */
    public void save(Path path, Map<String, String> notes) throws IOException {
        Map<String, NdArray> arrays = new LinkedHashMap<>(optimizer.state());
        if (mean != null) {
            arrays.putAll(mean.state());
        }
        for (Parameter parameter : model.parameters().all()) {
            arrays.put(PARAMETER + parameter.name(), parameter.value());
        }
        Map<String, String> metadata = new LinkedHashMap<>(notes);
        metadata.put(CONFIG, config.toString());
        metadata.put(DATA, data.sha256() + " " + data.train().size());
        metadata.put(STEP, Long.toString(step));
        metadata.put(LOSS, Long.toHexString(Double.doubleToRawLongBits(lossSum)));
        metadata.put(RIGHT, Long.toString(right));
        Safetensors.write(path, arrays, metadata);
    }

    /**
     * The notes that {@link #save} was given, and what it wrote itself.
     *
     * @throws IOException if the file cannot be read
     */
    public static Map<String, String> notes(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path)) {
            return Map.copyOf(file.metadata());
        }
    }

    /**
     * Goes on where another trainer of the same arguments was saved.
     *
     * @throws IOException if the file cannot be read, or was saved by a trainer of other arguments; nothing has changed then
     */
    public void restore(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path); Scope scope = Scope.open()) {
            require(path, file, CONFIG, config.toString());
            require(path, file, DATA, data.sha256() + " " + data.train().size());
            Map<String, NdArray> saved = file.loadAll(scope);
            Map<String, NdArray> own = new LinkedHashMap<>();
            for (Parameter parameter : model.parameters().all()) {
                own.put(PARAMETER + parameter.name(), parameter.value());
            }
            TrainingState.check(PARAMETER, own, saved);
            long steps = Long.parseLong(file.metadata().get(STEP));
            double loss = Double.longBitsToDouble(Long.parseUnsignedLong(file.metadata().get(LOSS), 16));
            long hits = Long.parseLong(file.metadata().get(RIGHT));
            if (mean != null) {
                TrainingState.check(Ema.PREFIX, mean.state(), saved);
            }
            optimizer.restore(saved);
            TrainingState.copy(own, saved);
            if (mean != null) {
                mean.restore(saved);
            }
            step = steps;
            lossSum = loss;
            right = hits;
        } catch (IllegalArgumentException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
        }
    }

    private static void require(Path path, Safetensors file, String what, String expected) throws IOException {
        String found = file.metadata().get(what);
        if (!expected.equals(found)) {
            throw new IOException(path + ": expected the state of a run with " + what + " \"" + expected + "\", found "
                    + (found == null ? "none" : "\"" + found + "\""));
        }
    }

    /** Returns the memory of the optimiser and of the running mean; the model stays. */
    @Override
    public void close() {
        optimizer.close();
        if (mean != null) {
            mean.close();
        }
        if (averaged != null) {
            averaged.close();
        }
    }

    /** Pictures whose highest score is of a class of theirs. */
    private int hits(float[] logits, Batch batch) {
        int classes = batch.classes();
        int hits = 0;
        for (int i = 0; i < batch.size(); i++) {
            int best = Evaluation.largest(Arrays.copyOfRange(logits, i * classes, (i + 1) * classes));
            boolean hit = objective == Objective.ONE_CLASS ? best == batch.labels()[i] : batch.targets()[i * classes + best] > 0;
            hits += hit ? 1 : 0;
        }
        return hits;
    }
}

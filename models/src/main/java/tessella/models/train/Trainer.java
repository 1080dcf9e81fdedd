package tessella.models.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.io.Safetensors;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.DataSplits;
import tessella.models.data.Prefetch;
import tessella.models.data.Preprocessing;
import tessella.models.data.RandomSource;
import tessella.models.data.Transform;
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
    private final Optimizer optimizer;
    private final Schedule schedule;
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
     * @param loss mean over the batch
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
     * @param trainAccuracy share of its pictures named right, as they were met
     * @param validation the validation pictures after it
     */
    public record Epoch(int epoch, long step, double trainLoss, double trainAccuracy, Evaluation validation) {}

    /** Follows a training run; an exception it throws ends the run. */
    public interface Listener {
        /** After each step. */
        void step(Step step);

        /** After each epoch. */
        void epoch(Epoch epoch);

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
     * A trainer that has taken no step; it trains the model in place.
     *
     * @throws IllegalArgumentException if there are fewer training pictures than in a batch
     */
    public Trainer(VisionTransformer model, DataSplits data, Preprocessing preprocessing, Transform augmentation,
            TrainConfig config) {
        this.model = model;
        this.data = data;
        this.preprocessing = preprocessing;
        this.augmentation = augmentation;
        this.config = config;
        batches = Batches.of(data.train(), preprocessing, config.batch(), Batches.Remainder.DROP);
        perEpoch = batches.count(data.train().size());
        if (perEpoch == 0) {
            throw new IllegalArgumentException("train: expected at least one batch of " + config.batch() + " pictures, found "
                    + data.train().size() + " training pictures; use a smaller batch");
        }
        schedule = config.schedule().of(config.learningRate(), (long) (config.warmup() * steps()), steps());
        optimizer = new Optimizer(model.parameters(), new Optimizer.Settings(config.rule().rule(config.beta2()),
                new Clip.GlobalNorm(config.clip()), WeightDecay.softMoe(config.weightDecay(), config.weightDecay())));
    }

    /**
     * Trains the model in place, from the first step to the last; errors as for the constructor and {@link #run}.
     */
    public static void train(VisionTransformer model, DataSplits data, Preprocessing preprocessing, Transform augmentation,
            TrainConfig config, Listener listener) {
        try (Trainer trainer = new Trainer(model, data, preprocessing, augmentation, config)) {
            trainer.run(listener);
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
        int pictures = data.train().size();
        try (Prefetch prefetch = Prefetch.of(1, 2)) {
            while (step < steps()) {
                int epoch = (int) (step / perEpoch) + 1;
                int[] order = shuffle.at(epoch, 0).permutation(pictures);
                int[] left = Arrays.copyOfRange(order, (int) (step % perEpoch) * config.batch(), order.length);
                for (Batch batch : prefetch.batches(batches.epoch(left, augmentation,
                        index -> RandomSource.of(augment.at(epoch, index))))) {
                    listener.step(take(batch, epoch));
                    if (step % perEpoch != 0 && listener.wantsToStop()) {
                        return End.STOPPED;
                    }
                }
                double loss = lossSum / perEpoch;
                double accuracy = (double) right / (perEpoch * config.batch());
                lossSum = 0;
                right = 0;
                listener.epoch(new Epoch(epoch, step, loss, accuracy,
                        Evaluation.of(model, data.validation(), preprocessing, Evaluation.BATCH)));
                if (step < steps() && listener.wantsToStop()) {
                    return End.STOPPED;
                }
            }
        }
        return End.COMPLETE;
    }

    private Step take(Batch batch, int epoch) {
        double rate = schedule.at(step);
        try (Tape tape = Tape.record()) {
            Tensor logits = model.logits(Evaluation.images(Scope.current(), batch)).keep();
            Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(logits, batch.labels(), config.labelSmoothing())).keep();
            double value = loss.item();
            if (!Double.isFinite(value)) {
                throw notFinite("loss", value, epoch, firstBroken(batch));
            }
            Gradients gradients = tape.gradients(loss);
            double norm = optimizer.step(gradients, rate);
            if (!Double.isFinite(norm)) {
                throw notFinite("norm of the gradients", norm, epoch, firstBroken(gradients));
            }
            step++;
            lossSum += value;
            right += right(logits.toFloats(), batch.labels());
            return new Step(epoch, step, steps(), step * config.batch(), value, rate, norm);
        }
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
            optimizer.restore(saved);
            TrainingState.copy(own, saved);
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

    /** Returns the memory of the optimiser; the model stays. */
    @Override
    public void close() {
        optimizer.close();
    }

    private static int right(float[] logits, int[] labels) {
        int classes = logits.length / labels.length;
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += Evaluation.largest(Arrays.copyOfRange(logits, i * classes, (i + 1) * classes)) == labels[i] ? 1 : 0;
        }
        return right;
    }
}

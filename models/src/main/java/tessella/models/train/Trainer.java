package tessella.models.train;

import java.util.Arrays;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.UpdateRule;
import tessella.models.data.Augmentation;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.DataSplits;
import tessella.models.data.Preprocessing;
import tessella.models.data.RandomSource;
import tessella.models.vit.VisionTransformer;

/**
 * Trains a classifier with AdamW, warm-up and cosine decay. Equal arguments give equal bits, on any number of threads: the
 * order of an epoch depends on (seed, epoch), the augmentation of a picture on (seed, epoch, picture).
 */
public final class Trainer {
    private Trainer() {}

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
    }

    /**
     * Trains the model in place.
     *
     * @throws TrainingException if a loss or the norm of the gradients is not a finite number; the parameters are then those before that step
     */
    public static void train(VisionTransformer model, DataSplits data, Preprocessing preprocessing, Augmentation augmentation,
            TrainConfig config, Listener listener) {
        Batches batches = Batches.of(data.train(), preprocessing, config.batch(), Batches.Remainder.DROP);
        int pictures = data.train().size();
        long perEpoch = batches.count(pictures);
        if (perEpoch == 0) {
            throw new IllegalArgumentException("train: expected at least one batch of " + config.batch() + " pictures, found "
                    + pictures + " training pictures; use a smaller batch");
        }
        long steps = perEpoch * config.epochs();
        Schedule schedule = Schedule.warmupCosine(config.learningRate(), (long) (config.warmup() * steps), steps);
        Random shuffle = Random.of(config.seed(), "shuffle");
        Random augment = Random.of(config.seed(), "augment");
        Optimizer.Settings settings = new Optimizer.Settings(new UpdateRule.Adam(0.9, config.beta2(), 1e-8),
                new Clip.GlobalNorm(config.clip()), WeightDecay.softMoe(config.weightDecay(), config.weightDecay()));
        long step = 0;
        try (Optimizer optimizer = new Optimizer(model.parameters(), settings)) {
            for (int epoch = 1; epoch <= config.epochs(); epoch++) {
                int e = epoch;
                double lossSum = 0;
                long right = 0;
                int[] order = shuffle.at(epoch, 0).permutation(pictures);
                for (Batch batch : batches.epoch(order, augmentation, index -> source(augment.at(e, index)))) {
                    double rate = schedule.at(step);
                    try (Tape tape = Tape.record()) {
                        Tensor logits = model.logits(Evaluation.images(Scope.current(), batch)).keep();
                        Tensor loss = Reductions.mean(
                                Losses.softmaxCrossEntropy(logits, batch.labels(), config.labelSmoothing())).keep();
                        double value = loss.item();
                        checkFinite("loss", value, step + 1, epoch);
                        Gradients gradients = tape.gradients(loss);
                        double norm = optimizer.step(gradients, rate);
                        checkFinite("norm of the gradients", norm, step + 1, epoch);
                        step++;
                        lossSum += value;
                        right += right(logits.toFloats(), batch.labels());
                        listener.step(new Step(epoch, step, steps, step * config.batch(), value, rate, norm));
                    }
                }
                listener.epoch(new Epoch(epoch, step, lossSum / perEpoch, (double) right / (perEpoch * config.batch()),
                        Evaluation.of(model, data.validation(), preprocessing, Evaluation.BATCH)));
            }
        }
    }

    private static void checkFinite(String what, double value, long step, int epoch) {
        if (!Double.isFinite(value)) {
            throw new TrainingException("train: the " + what + " is " + value + " at step " + step + " of epoch " + epoch
                    + "; nothing of this step was kept, lower the learning rate");
        }
    }

    private static int right(float[] logits, int[] labels) {
        int classes = logits.length / labels.length;
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += Evaluation.largest(Arrays.copyOfRange(logits, i * classes, (i + 1) * classes)) == labels[i] ? 1 : 0;
        }
        return right;
    }

    /** The numbers of one picture in one epoch, drawn in order. */
    private static RandomSource source(Random random) {
        return new RandomSource() {
            private long drawn;

            @Override
            public int nextInt(int bound) {
                return random.below(bound, drawn++);
            }
        };
    }
}

package tessella.models.train;

import java.util.List;
import java.util.Optional;
import tessella.models.data.BatchTransform;
import tessella.models.vit.Activations;

/**
 * How a model is trained.
 *
 * @param epochs passes over the training pictures
 * @param batch pictures of a step
 * @param learningRate the highest rate
 * @param warmup share of all steps in which the rate rises
 * @param weightDecay decay of kernels, times the rate
 * @param labelSmoothing share of the target that spreads over all classes
 * @param beta2 how slowly the mean of the squared gradients moves
 * @param clip largest global norm of the gradients; positive infinity for none
 * @param seed of the order of the pictures, their augmentation and the initial parameters
 * @param rule what makes steps of gradients
 * @param schedule how the rate rises and falls
 * @param parts into how many parts a step's pictures are cut, whose gradients are added up: less memory, the same step
 * @param averaging decay of a running mean of the parameters, without bias, which is what is measured and kept; 0 for the
 *     parameters themselves
 * @param frozen patterns of the whole names of parameters that are not learned
 * @param activations what a step holds of the forward pass
 * @param mixing what happens to the pictures of a part together
 * @param loss what is learned by
 */
public record TrainConfig(int epochs, int batch, double learningRate, double warmup, double weightDecay,
        double labelSmoothing, double beta2, double clip, long seed, RuleChoice rule, ScheduleChoice schedule, int parts,
        double averaging, List<String> frozen, Activations activations, Optional<BatchTransform> mixing, LossChoice loss) {
    /** With AdamW, a cosine, and nothing of what follows. */
    public TrainConfig(int epochs, int batch, double learningRate, double warmup, double weightDecay, double labelSmoothing,
            double beta2, double clip, long seed) {
        this(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, RuleChoice.ADAMW,
                ScheduleChoice.COSINE, 1, 0, List.of(), Activations.KEPT, Optional.empty(), new LossChoice.CrossEntropy());
    }

    /** With another seed. */
    public TrainConfig withSeed(long newSeed) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, newSeed, rule,
                schedule, parts, averaging, frozen, activations, mixing, loss);
    }

    /** With another rule and schedule. */
    public TrainConfig with(RuleChoice newRule, ScheduleChoice newSchedule) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, newRule,
                newSchedule, parts, averaging, frozen, activations, mixing, loss);
    }

    /** Each step in so many parts. */
    public TrainConfig inParts(int newParts) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, newParts, averaging, frozen, activations, mixing, loss);
    }

    /** With a running mean of the parameters. */
    public TrainConfig averaged(double decay) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, parts, decay, frozen, activations, mixing, loss);
    }

    /** Without learning the parameters whose whole names match one of the patterns. */
    public TrainConfig freezing(List<String> patterns) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, parts, averaging, patterns, activations, mixing, loss);
    }

    /** With other activations held. */
    public TrainConfig holding(Activations held) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, parts, averaging, frozen, held, mixing, loss);
    }

    /** With pictures mixed. */
    public TrainConfig mixing(BatchTransform transform) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, parts, averaging, frozen, activations, Optional.of(transform), loss);
    }

    /** Learning by another loss. */
    public TrainConfig by(LossChoice newLoss) {
        return new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, rule,
                schedule, parts, averaging, frozen, activations, mixing, newLoss);
    }

    /** Checks the ranges, and that the loss takes what is asked for. */
    public TrainConfig {
        frozen = List.copyOf(frozen);
        if (epochs < 1 || batch < 1) {
            throw new IllegalArgumentException("train: expected at least 1 epoch and a batch of at least 1, found " + epochs
                    + " and " + batch);
        }
        if (!(learningRate >= 0 && Double.isFinite(learningRate) && Double.isFinite(weightDecay) && warmup >= 0 && warmup < 1 && weightDecay >= 0 && labelSmoothing >= 0 && labelSmoothing <= 1
                && beta2 >= 0 && beta2 < 1 && clip > 0)) {
            throw new IllegalArgumentException("train: expected a finite learning rate and weight decay of at least 0, a warm-up in "
                    + "[0, 1), a label smoothing in [0, 1], a beta2 in [0, 1) and a positive clip, found " + learningRate + ", " + weightDecay + ", "
                    + warmup + ", " + labelSmoothing + ", " + beta2 + " and " + clip);
        }
        if (parts < 1 || batch % parts != 0 || !(averaging >= 0 && averaging < 1)) {
            throw new IllegalArgumentException("train: expected parts that divide the batch of " + batch + ", and a decay of the mean "
                    + "of the parameters in [0, 1), found " + parts + " parts and " + averaging);
        }
        if (loss instanceof LossChoice.TopK && (labelSmoothing != 0 || mixing.isPresent())) {
            throw new IllegalArgumentException("train: expected a top-k loss without label smoothing and mixed pictures, found a label "
                    + "smoothing of " + labelSmoothing + " and " + mixing.map(Object::toString).orElse("no mixing")
                    + "; set the label smoothing to 0 and leave mixup and cutmix out");
        }
    }
}

package tessella.models.train;

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
 */
public record TrainConfig(int epochs, int batch, double learningRate, double warmup, double weightDecay,
        double labelSmoothing, double beta2, double clip, long seed, RuleChoice rule, ScheduleChoice schedule) {
    /** With AdamW and a cosine. */
    public TrainConfig(int epochs, int batch, double learningRate, double warmup, double weightDecay, double labelSmoothing,
            double beta2, double clip, long seed) {
        this(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2, clip, seed, RuleChoice.ADAMW,
                ScheduleChoice.COSINE);
    }

    /** Checks the ranges. */
    public TrainConfig {
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
    }
}

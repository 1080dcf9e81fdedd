package tessella.models.report;

import java.util.List;

/**
 * How a training run went. What was not measured is NaN and leaves a gap.
 *
 * @param epochs a point per epoch
 * @param rates  the learning rate at some steps, in ascending order; all of them or a selection
 */
public record TrainingCurve(List<Epoch> epochs, List<Rate> rates) {
    /** Copies the lists. */
    public TrainingCurve {
        epochs = List.copyOf(epochs);
        rates = List.copyOf(rates);
    }

    /**
     * The numbers of one epoch.
     *
     * @param epoch              from 1
     * @param trainLoss          mean loss over the training pictures, as they were met
     * @param trainAccuracy      share of training pictures named right, 0 to 1
     * @param validationLoss     mean loss over the validation pictures
     * @param validationAccuracy share of validation pictures named right, 0 to 1
     */
    public record Epoch(int epoch, double trainLoss, double trainAccuracy, double validationLoss,
            double validationAccuracy) {
    }

    /**
     * The learning rate of one step.
     *
     * @param step         from 1
     * @param learningRate the rate
     */
    public record Rate(long step, double learningRate) {
    }
}

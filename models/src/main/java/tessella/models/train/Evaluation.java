package tessella.models.train;

import java.util.Arrays;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.vit.VisionTransformer;

/**
 * What a model says of a set of pictures.
 *
 * @param loss mean cross-entropy, of any classes the sum of that of each, unless another loss was asked for
 * @param predictions the most probable class of each picture, the lowest of equals
 * @param probabilities [pictures, classes]
 * @param accuracy share of pictures whose most probable class is theirs, or one of theirs (precision at 1), 0 to 1
 */
public record Evaluation(double loss, int[] predictions, float[][] probabilities, double accuracy) {
    /** Pictures at a time where nobody asks for another number: no more memory than a training step takes. */
    public static final int BATCH = 20;

    /**
     * Runs a model over all pictures, so many at a time; the result does not depend on how many,
     * unless mixtures route the tokens of several pictures together.
     */
    public static Evaluation of(VisionTransformer model, ImageSet pictures, Preprocessing preprocessing, int batch) {
        return of(model, pictures, preprocessing, batch, new LossChoice.CrossEntropy());
    }

    /** As {@link #of(VisionTransformer, ImageSet, Preprocessing, int)}, with the loss that a model learns by. */
    static Evaluation of(VisionTransformer model, ImageSet pictures, Preprocessing preprocessing, int batch, LossChoice choice) {
        int[] predictions = new int[pictures.size()];
        float[][] probabilities = new float[pictures.size()][];
        double loss = 0;
        int right = 0;
        Objective objective = Objective.of(pictures);
        for (Batch part : Batches.of(pictures, preprocessing, batch, Batches.Remainder.KEEP).inOrder()) {
            try (Scope scope = Scope.open()) {
                Tensor logits = model.logits(images(scope, part));
                for (double one : choice.losses(objective, logits, part, 0).toDoubles()) {
                    loss += one;
                }
                float[] p = objective.probabilities(logits).toFloats();
                int classes = Math.toIntExact(logits.dim(1));
                for (int i = 0; i < part.size(); i++) {
                    int index = part.indices()[i];
                    probabilities[index] = Arrays.copyOfRange(p, i * classes, (i + 1) * classes);
                    predictions[index] = largest(probabilities[index]);
                    right += pictures.classes(index).contains(predictions[index]) ? 1 : 0;
                }
            }
        }
        return new Evaluation(loss / pictures.size(), predictions, probabilities, (double) right / pictures.size());
    }

    /** The pictures of a batch as a tensor [n, height, width, channels] in scope. */
    public static Tensor images(Scope scope, Batch batch) {
        return Tensor.of(scope, Shape.of(batch.size(), batch.height(), batch.width(), batch.channels()), batch.images());
    }

    static int largest(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }
}

package tessella.models.measure;

import java.util.Arrays;
import java.util.function.IntConsumer;
import tessella.engine.Scope;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.Dataset;
import tessella.models.data.Preprocessing;
import tessella.models.train.Evaluation;
import tessella.models.vit.VisionTransformer;

/**
 * Pictures as a frozen model sees them: the pooled vector before its classifier, whatever classes it learned. On the heap.
 *
 * @param rows   [pictures, width]
 * @param labels the class of each picture
 */
public record Features(float[][] rows, int[] labels) {
    /**
     * Checks and copies the labels; the rows are taken over.
     *
     * @throws IllegalArgumentException if there is no picture, or not one label a row
     */
    public Features {
        labels = labels.clone();
        if (rows.length == 0 || rows.length != labels.length) {
            throw new IllegalArgumentException("features: expected at least one picture and a label for each, found " + rows.length
                    + " pictures and " + labels.length + " labels");
        }
    }

    /**
     * Runs a model over all pictures, so many at a time; the features do not depend on how many. No more memory is in use off the
     * heap than one batch takes, and none when it is done.
     *
     * @param pictures the pictures; the label of one without a class, or with several, is -1; brought to the size of the preprocessing
     * @param batch    pictures at a time, at least 1
     * @param done     is told after each batch how many pictures are done
     * @throws IllegalArgumentException if there is no picture, the batch is below 1, or the preprocessing is not that of the model
     */
    public static Features of(VisionTransformer model, Dataset pictures, Preprocessing preprocessing, int batch, IntConsumer done) {
        float[][] rows = new float[pictures.size()][];
        int[] labels = new int[rows.length];
        int finished = 0;
        for (Batch part : Batches.of(pictures, preprocessing, batch, Batches.Remainder.KEEP).inOrder()) {
            try (Scope scope = Scope.open()) {
                float[] features = model.features(Evaluation.images(scope, part)).toFloats(); // [part, width]
                int width = features.length / part.size();
                for (int i = 0; i < part.size(); i++) {
                    labels[part.indices()[i]] = part.labels()[i];
                    rows[part.indices()[i]] = Arrays.copyOfRange(features, i * width, (i + 1) * width);
                }
            }
            finished += part.size();
            done.accept(finished);
        }
        return new Features(rows, labels);
    }

    /** The number of pictures. */
    public int size() {
        return rows.length;
    }

    /** The number of features of a picture. */
    public int width() {
        return rows[0].length;
    }
}

package tessella.models.scenes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;

/**
 * Scenes as a data set with a task: the first ones of each split, of seed 1, the same on every machine. Training scenes show
 * neither a concept nor a pair of concepts that is held out; validation and test scenes are others of the same kind.
 */
public final class SceneData {
    /** Scenes of a training set, unless fewer are asked for. */
    public static final int TRAINING = 40_000;
    private static final int VALIDATION = 2_000;
    private static final int TEST = 10_000;
    private static final long SEED = 1;

    private SceneData() {}

    /**
     * Makes square scenes with the answers to a question.
     *
     * @param name of the data set
     * @param root the folder that holds the data sets
     * @param side in pixels
     * @param training how many scenes to learn from
     * @throws IOException if the sheet of emoji is missing or damaged
     */
    public static DataSplits load(String name, Path root, Scenes.Question question, int side, int training) throws IOException {
        EmojiSheet sheet = EmojiSheet.read(root.resolve(EmojiSheet.FILE));
        return DataSplits.hashed(name, part(name, sheet, SceneSplit.TRAIN, question, side, training),
                part(name, sheet, SceneSplit.VALIDATION, question, side, VALIDATION),
                part(name, sheet, SceneSplit.TEST, question, side, TEST));
    }

    /**
     * Makes as many scenes as a test has, of a split that {@link #load} leaves out: with held-out concepts or pairs.
     *
     * @throws IOException if the sheet of emoji is missing or damaged
     */
    public static ImageSet heldOut(String name, Path root, Scenes.Question question, int side, SceneSplit split) throws IOException {
        return part(name, EmojiSheet.read(root.resolve(EmojiSheet.FILE)), split, question, side, TEST);
    }

    private static ImageSet part(String name, EmojiSheet sheet, SceneSplit split, Scenes.Question question, int side, int count) {
        return Scenes.of(sheet, SceneConfig.square(side), split, SEED)
                .imageSet(name + " " + split.name().toLowerCase(Locale.ROOT), count, question);
    }
}

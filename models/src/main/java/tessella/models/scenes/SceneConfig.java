package tessella.models.scenes;

/**
 * What scenes look like.
 *
 * @param minSide shortest side in pixels
 * @param maxSide longest side in pixels
 * @param maxAspect the most that one side is longer than the other; 1 for squares
 * @param minObjects fewest objects
 * @param maxObjects most objects
 * @param words share of scenes with a word in them
 */
public record SceneConfig(int minSide, int maxSide, double maxAspect, int minObjects, int maxObjects, double words) {
    /** Sides of 32 to 128 pixels, up to three times as long as wide, 1 to 6 objects, a word in three of ten. */
    public static final SceneConfig VARIED = new SceneConfig(32, 128, 3, 1, 6, 0.3);

    /** Checks the ranges. */
    public SceneConfig {
        if (minSide < 16 || maxSide < minSide || maxSide > 1024 || !(maxAspect >= 1) || minObjects < 1
                || maxObjects < minObjects
                || maxObjects > 16 || !(words >= 0 && words <= 1)) {
            throw new IllegalArgumentException("scenes: expected sides of 16 to 1024, an aspect of at least 1, 1 to 16 objects and a "
                    + "share of words in [0, 1], found sides " + minSide + " to " + maxSide + ", aspect " + maxAspect + ", "
                    + minObjects + " to " + maxObjects + " objects and a share of " + words);
        }
    }

    /** Square scenes of one size. */
    public static SceneConfig square(int side) {
        return new SceneConfig(side, side, 1, 1, 6, 0);
    }
}

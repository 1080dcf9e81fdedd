package tessella.models.data;

/**
 * What happens to a picture between its source and the model: a function of the picture and of random numbers, and of
 * nothing else. Implementations keep no state, hence are safe for any number of threads; a fixed transform draws nothing;
 * {@link Augmentation#NONE} changes nothing either.
 */
@FunctionalInterface
public interface Transform {
    /**
     * Changes one picture.
     *
     * @param picture the picture, of any size
     * @param random  where the numbers come from
     * @return a new picture, or the same one
     */
    Picture apply(Picture picture, RandomSource random);

    /**
     * Returns this transform followed by another one; both draw from the same source, this one first.
     *
     * @param next what happens to the result
     * @return the transform of both
     */
    default Transform then(Transform next) {
        return (picture, random) -> next.apply(apply(picture, random), random);
    }
}

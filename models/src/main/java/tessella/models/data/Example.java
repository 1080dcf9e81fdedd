package tessella.models.data;

import java.util.Arrays;
import java.util.List;

/**
 * A picture and what is on it.
 *
 * @param picture the picture, of any size
 * @param classes the numbers of its classes, ascending, each once: one in most data sets, any number where a picture may
 *     show several things
 */
public record Example(Picture picture, List<Integer> classes) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the classes are negative, not ascending or not different
     */
    public Example {
        classes = List.copyOf(classes);
        for (int i = 0; i < classes.size(); i++) {
            if (classes.get(i) < 0 || i > 0 && classes.get(i) <= classes.get(i - 1)) {
                throw new IllegalArgumentException("example: expected classes from 0 on, ascending and each once, found " + classes);
            }
        }
    }

    /**
     * Puts a picture and its classes together.
     *
     * @param picture the picture
     * @param classes the numbers of its classes in any order, each once
     * @return the example
     */
    public static Example of(Picture picture, int... classes) {
        return new Example(picture, Arrays.stream(classes).sorted().boxed().toList());
    }

    /**
     * Returns the class of an example that has exactly one.
     *
     * @return its number, or -1 if the example has none or several
     */
    public int label() {
        return classes.size() == 1 ? classes.getFirst() : -1;
    }
}

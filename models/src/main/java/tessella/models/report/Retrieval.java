package tessella.models.report;

import java.util.List;
import tessella.models.data.Picture;

/**
 * A picture and those that a model sees as the most alike.
 *
 * @param picture   the picture
 * @param className its true class
 * @param said      its class by its neighbours
 * @param nearest   other pictures, the most alike first
 */
public record Retrieval(Picture picture, String className, String said, List<Neighbour> nearest) {
    /** Copies the list. */
    public Retrieval {
        nearest = List.copyOf(nearest);
    }

    /**
     * One of the most alike.
     *
     * @param picture   the picture
     * @param className its class
     * @param cosine    how alike it is, -1 to 1
     */
    public record Neighbour(Picture picture, String className, double cosine) {
    }

    boolean isRight() {
        return said.equals(className);
    }
}

package tessella.models.data;

import java.util.stream.IntStream;

/** The numbers of the parts of a split, and who is in one. */
final class Partition {
    static final int TRAIN = 0;
    static final int VALIDATION = 1;
    static final int TEST = 2;

    private Partition() {
    }

    /** The indices of the examples whose part is the wanted one, ascending. */
    static int[] indices(int[] part, int wanted) {
        return IntStream.range(0, part.length).filter(i -> part[i] == wanted).toArray();
    }
}

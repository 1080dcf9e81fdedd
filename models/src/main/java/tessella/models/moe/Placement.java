package tessella.models.moe;

import java.util.List;
import java.util.stream.IntStream;

/** Which blocks have a mixture. */
public enum Placement {
    /** The last ones. */
    LAST,
    /** The last ones of blocks 1, 3, 5, ... (V-MoE: all of them are "every 2"). */
    ODD;

    /** So many of the blocks of [0, depth), ascending. */
    List<Integer> blocks(int layers, int depth) {
        List<Integer> all = IntStream.range(0, depth).filter(i -> this == LAST || i % 2 == 1).boxed().toList();
        if (layers > all.size()) {
            throw new IllegalArgumentException("sparse moe: expected at most " + all.size() + " mixture layers in " + depth
                    + " blocks placed " + this + ", found " + layers);
        }
        return all.subList(all.size() - layers, all.size());
    }
}

package tessella.bench;

import java.util.Arrays;
import tessella.engine.Shape;

/** Extents as parameters write them: "197x768x3072". */
final class Extents {
    private Extents() {}

    /**
     * Reads as many extents as the example has.
     *
     * @throws IllegalArgumentException if there is another number of them, or one is no positive number
     */
    static Shape parse(String text, String example) {
        int count = example.split("x").length;
        if (!text.matches("[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){" + (count - 1) + "}")) {
            throw new IllegalArgumentException("expected " + count + " positive extents such as " + example + ", found \""
                    + text + "\"");
        }
        return Shape.of(Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray());
    }
}

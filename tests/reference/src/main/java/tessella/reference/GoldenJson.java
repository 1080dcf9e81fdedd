package tessella.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file of golden cases in JSON: an object whose list "cases" holds one object a case. */
public final class GoldenJson {
    private GoldenJson() {}

    /**
     * The cases of a file, in its order.
     *
     * @throws IllegalArgumentException when it is not well-formed
     */
    public static List<Attributes> cases(Path path) throws IOException {
        return Attributes.parse(path.toString(), Files.readString(path)).objects("cases");
    }
}

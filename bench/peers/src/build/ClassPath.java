import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the class path that Maven gives it into a file of arguments for java. */
public final class ClassPath {
    /** The file, and the class path. */
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0]), "-cp \"" + args[1].replace("\\", "\\\\") + "\"\n");
    }
}

package tessella.models.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** The bytes of a path or a name, by which files are in the same order everywhere. */
record PathBytes(byte[] bytes) implements Comparable<PathBytes> {
    /**
     * The bytes as the file system has them. The text of a path is no help: a Java runtime started without a Unicode locale
     * writes question marks into it. The address keeps the bytes, three digits for each that is not plain.
     */
    static PathBytes of(Path path) {
        String address = path.toAbsolutePath().toUri().getRawSchemeSpecificPart();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < address.length(); i++) {
            if (address.charAt(i) == '%') {
                bytes.write(Integer.parseInt(address, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(address.charAt(i));
            }
        }
        byte[] all = bytes.toByteArray();
        return new PathBytes(all[all.length - 1] == '/' ? Arrays.copyOf(all, all.length - 1) : all); // a folder has one
    }

    static PathBytes of(String name) {
        return new PathBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    /** What follows the last slash, read as UTF-8. */
    String lastName() {
        int slash = bytes.length;
        while (slash > 0 && bytes[slash - 1] != '/') {
            slash--;
        }
        return new String(bytes, slash, bytes.length - slash, StandardCharsets.UTF_8);
    }

    @Override
    public int compareTo(PathBytes other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PathBytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }
}

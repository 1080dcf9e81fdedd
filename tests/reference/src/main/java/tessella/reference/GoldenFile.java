package tessella.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A golden-vector file: safetensors whose metadata names an operator, its attributes and its tolerances. Read by code
 * of its own, which shares nothing with the library's reader. Every violation of the format is an
 * {@link IllegalArgumentException} that names the file.
 */
public final class GoldenFile {
    private static final int MAX_HEADER = 1 << 24;

    private final Path path;
    private final Map<String, String> metadata;
    private final Map<String, GoldenTensor> tensors;

    private GoldenFile(Path path, Map<String, String> metadata, Map<String, GoldenTensor> tensors) {
        this.path = path;
        this.metadata = metadata;
        this.tensors = tensors;
    }

    /**
     * Reads and checks a whole file.
     *
     * @throws IOException when the file cannot be read
     * @throws IllegalArgumentException when it is not well-formed
     */
    public static GoldenFile read(Path path) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.limit() < 8) {
            throw wrong(path, "expected 8 bytes of header length, found " + bytes.limit() + " bytes");
        }
        long headerLength = bytes.getLong(0);
        if (headerLength < 2 || headerLength > Math.min(MAX_HEADER, bytes.limit() - 8)) {
            throw wrong(path, "a header of " + headerLength + " bytes does not fit " + bytes.limit() + " bytes");
        }
        ByteBuffer data = bytes.slice(8 + (int) headerLength, bytes.limit() - 8 - (int) headerLength)
                .order(ByteOrder.LITTLE_ENDIAN);
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, GoldenTensor> tensors = new LinkedHashMap<>();
        List<int[]> extents = new ArrayList<>();
        Attributes header = Attributes.parse(path.toString(), decode(path, bytes.slice(8, (int) headerLength)));
        for (String name : header.names()) {
            Attributes entry = header.object(name);
            if (name.equals("__metadata__")) {
                entry.names().forEach(key -> metadata.put(key, entry.text(key)));
            } else {
                tensors.put(name, tensor(path, name, entry, data, extents));
            }
        }
        requireTiled(path, extents, data.limit());
        return new GoldenFile(path, metadata, tensors);
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** The operator that the file tests. */
    public String op() {
        return text("op");
    }

    /** The operator's attributes. */
    public Attributes attrs() {
        return Attributes.parse(path + ", attrs", text("attrs"));
    }

    /** The tolerances, in either of the two conventions of {@code tests/src/test/resources/golden}. */
    public Attributes tolerance() {
        return Attributes.parse(path + ", tolerance", text("tolerance"));
    }

    /** All metadata as they stand in the file. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** All tensors in the order of the header. */
    public Map<String, GoldenTensor> tensors() {
        return tensors;
    }

    /** Whether there is a tensor of this name. */
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** One tensor; refuses a name that is not there. */
    public GoldenTensor tensor(String name) {
        GoldenTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw wrong(path, "there is no tensor " + name);
        }
        return tensor;
    }

    /** The values of one tensor, integers widened. */
    public Array array(String name) {
        return tensor(name).values();
    }

    /** The names that start with {@code prefix}, without it, in the order of the header. */
    public List<String> names(String prefix) {
        return tensors.keySet().stream().filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length())).toList();
    }

    private String text(String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw wrong(path, "the metadata have no " + key);
        }
        return value;
    }

    private static GoldenTensor tensor(
            Path path, String name, Attributes entry, ByteBuffer data, List<int[]> extents) {
        GoldenTensor.Type type;
        try {
            type = GoldenTensor.Type.valueOf(entry.text("dtype"));
        } catch (IllegalArgumentException e) {
            throw wrong(path, name + " has the dtype " + entry.text("dtype") + ", expected one of "
                    + Arrays.toString(GoldenTensor.Type.values()));
        }
        int[] shape = entry.integers("shape");
        int[] extent = entry.integers("data_offsets");
        if (extent.length != 2 || extent[0] < 0 || extent[1] < extent[0] || extent[1] > data.limit()) {
            throw wrong(path, name + " lies at " + Arrays.toString(extent) + " of " + data.limit() + " bytes");
        }
        if (extent[1] - extent[0] != Math.multiplyExact(Array.sizeOf(shape), type.bytes())) {
            throw wrong(path, name + " of the shape " + Arrays.toString(shape) + " has " + (extent[1] - extent[0])
                    + " bytes, expected " + (long) Array.sizeOf(shape) * type.bytes());
        }
        extents.add(extent);
        ByteBuffer own = data.slice(extent[0], extent[1] - extent[0]).order(ByteOrder.LITTLE_ENDIAN);
        return GoldenTensor.read(name, type, shape, own);
    }

    private static void requireTiled(Path path, List<int[]> extents, int length) {
        extents.sort(Comparator.<int[]>comparingInt(extent -> extent[0]).thenComparingInt(extent -> extent[1]));
        int end = 0;
        for (int[] extent : extents) {
            if (extent[0] != end) {
                throw wrong(path, "the tensors leave a hole or overlap at byte " + end + " of the data");
            }
            end = extent[1];
        }
        if (end != length) {
            throw wrong(path, "the tensors end at byte " + end + " of " + length);
        }
    }

    private static String decode(Path path, ByteBuffer header) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(header).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(path + ": the header is not UTF-8", e);
        }
    }

    private static IllegalArgumentException wrong(Path path, String what) {
        return new IllegalArgumentException(path + ": " + what);
    }
}

package tessella.engine.io;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tessella.engine.DType;
import tessella.engine.Shape;
import tessella.engine.json.Json;
import tessella.engine.json.JsonException;

/**
 * The header of a safetensors file: a little-endian 64-bit length, a JSON object of that many bytes, then the elements
 * of all tensors without holes. Offsets in the JSON count from the end of the header, those in here from the start of
 * the file.
 */
record SafetensorsHeader(Map<String, String> metadata, SortedMap<String, StoredTensor> tensors) {
    static final String METADATA = "__metadata__";
    /** The limit of the format: longer headers are refused by other readers too. */
    static final long MAX_LENGTH = 100_000_000;
    /** The elements start at a multiple of this, so that a mapped file is aligned for any vector. */
    private static final int ALIGNMENT = 64;
    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");

    /** Parses the JSON of a header; dataStart is where it ends in the file, which has fileLength bytes. */
    static SafetensorsHeader parse(String file, byte[] json, long dataStart, long fileLength)
            throws TensorFileException {
        if (json[0] != '{') {
            throw new TensorFileException("%s: expected a header that starts with '{', found byte 0x%02x"
                    .formatted(file, json[0]));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        SortedMap<String, StoredTensor> tensors = new TreeMap<>();
        try {
            Map<String, Object> header = Json.object(Json.parse(json), "the header");
            for (Map.Entry<String, Object> entry : header.entrySet()) {
                String name = entry.getKey();
                if (name.equals(METADATA)) {
                    for (var item : Json.object(entry.getValue(), METADATA).entrySet()) {
                        metadata.put(item.getKey(), Json.string(item.getValue(), METADATA + " " + item.getKey()));
                    }
                } else {
                    tensors.put(name, tensor(file, name, entry.getValue(), dataStart, fileLength));
                }
            }
        } catch (JsonException e) {
            throw new TensorFileException(file + ": " + e.getMessage(), e);
        }
        requireTiled(file, tensors.values(), dataStart, fileLength);
        return new SafetensorsHeader(metadata, tensors);
    }

    private static StoredTensor tensor(String file, String name, Object value, long dataStart, long fileLength)
            throws TensorFileException {
        String what = "tensor " + name;
        Map<String, Object> fields = Json.object(value, what);
        if (!fields.keySet().equals(FIELDS)) {
            throw new TensorFileException("%s: %s: expected the fields dtype, shape and data_offsets, found %s"
                    .formatted(file, what, fields.keySet()));
        }
        StoredType type = type(file, what, Json.string(fields.get("dtype"), what + " dtype"));
        long[] dims = longs(fields.get("shape"), what + " shape");
        long[] range = longs(fields.get("data_offsets"), what + " data_offsets");
        long length = fileLength - dataStart;
        if (range.length != 2 || range[0] < 0 || range[1] < range[0] || range[1] > length) {
            throw new TensorFileException(
                    "%s: %s: expected two data_offsets that rise within the %d bytes of data, found %s"
                            .formatted(file, what, length, fields.get("data_offsets")));
        }
        long bytes;
        Shape shape;
        try {
            shape = Shape.of(dims);
            bytes = Math.multiplyExact(shape.size(), type.bytes());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new TensorFileException("%s: %s: expected a shape of extents from 0 whose bytes fit 63 bits, found %s"
                    .formatted(file, what, fields.get("shape")), e);
        }
        if (bytes != range[1] - range[0]) {
            throw new TensorFileException("%s: %s: expected %d bytes for %s %s, found data_offsets %s of %d bytes"
                    .formatted(file, what, bytes, type, shape, fields.get("data_offsets"), range[1] - range[0]));
        }
        return new StoredTensor(name, type, shape, dataStart + range[0]);
    }

    private static StoredType type(String file, String what, String name) throws TensorFileException {
        try {
            return StoredType.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw new TensorFileException("%s: %s: expected a dtype of %s, found %s"
                    .formatted(file, what, List.of(StoredType.values()), name), e);
        }
    }

    private static long[] longs(Object value, String what) {
        List<Object> items = Json.array(value, what);
        return items.stream().mapToLong(item -> Json.integer(item, what)).toArray();
    }

    private static void requireTiled(String file, Iterable<StoredTensor> tensors, long dataStart, long fileLength)
            throws TensorFileException {
        List<StoredTensor> byOffset = new ArrayList<>();
        tensors.forEach(byOffset::add);
        byOffset.sort(Comparator.comparingLong(StoredTensor::offset).thenComparingLong(StoredTensor::end));
        long end = dataStart;
        for (StoredTensor tensor : byOffset) {
            if (tensor.offset() != end) {
                String what = "expected to start at byte %d of the data, where the one before ends, found %d, %s"
                        .formatted(end - dataStart, tensor.offset() - dataStart,
                                tensor.offset() < end ? "an overlap" : "a hole");
                throw new TensorFileException(file + ": tensor " + tensor.name() + ": " + what);
            }
            end = tensor.end();
        }
        if (end != fileLength) {
            throw new TensorFileException("%s: expected a file of %d bytes, where the last tensor ends, found %d bytes"
                    .formatted(file, end, fileLength));
        }
    }

    /**
     * The order of tensors in a file that is written: wide elements first, so that all are aligned to their own size,
     * then by name, so that equal contents are equal bytes.
     */
    static List<String> order(Map<String, DType> dtypes) {
        return dtypes.keySet().stream().sorted(Comparator.comparingInt((String name) -> -dtypes.get(name).bytes())
                .thenComparing(Comparator.naturalOrder())).toList();
    }

    /** The first bytes of a file, up to where the elements start: length, JSON, and spaces up to the alignment. */
    static byte[] write(Map<String, String> metadata, Map<String, DType> dtypes, Map<String, Shape> shapes) {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put(METADATA, new TreeMap<>(metadata));
        }
        long at = 0;
        for (String name : order(dtypes)) {
            Shape shape = shapes.get(name);
            long end = Math.addExact(at, Math.multiplyExact(shape.size(), dtypes.get(name).bytes()));
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("dtype", StoredType.of(dtypes.get(name)).name());
            fields.put("shape", longList(shape.dims()));
            fields.put("data_offsets", List.of(at, end));
            header.put(name, fields);
            at = end;
        }
        byte[] json = Json.write(header).getBytes(StandardCharsets.UTF_8);
        int start = (Long.BYTES + json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        long length = start - Long.BYTES;
        byte[] bytes = new byte[start];
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[i] = (byte) (length >>> 8 * i);
        }
        System.arraycopy(json, 0, bytes, Long.BYTES, json.length);
        Arrays.fill(bytes, Long.BYTES + json.length, start, (byte) ' ');
        return bytes;
    }

    private static List<Long> longList(long[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}

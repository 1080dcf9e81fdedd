package tessella.reference;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Small npy and npz files in the form that NumPy gives them, written and read element by element, by code that shares
 * nothing with the library's.
 */
public final class NpyFile {
    private static final Pattern HEADER = Pattern.compile("\\{'descr': '(?<type>[^']*)', 'fortran_order': "
            + "(?<columns>True|False), 'shape': \\((?<shape>[0-9, ]*)\\), \\} *\n", Pattern.DOTALL);

    private NpyFile() {}

    /** The order of elements in a file. */
    public enum Order {
        /** The last axis varies fastest. */
        ROWS,
        /** The first axis varies fastest. */
        COLUMNS
    }

    /**
     * The bytes of a file.
     *
     * @param version 1, 2 or 3
     * @param type {@code <f8}, {@code <f4}, {@code <f2}, {@code <i8}, {@code <i4}, {@code <i2}, {@code |i1},
     *     {@code |u1}, {@code |b1}, {@code <u4} or {@code <u2}
     */
    public static byte[] write(int version, String type, Order order, Array x) {
        return write(version, header(type, order, x.shape()), elements(type, order, x));
    }

    /** The bytes of a file with any text as its header, and any elements. */
    public static byte[] write(int version, String header, byte[] elements) {
        byte[] text = header.getBytes(version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        ByteBuffer out = ByteBuffer.allocate(12 + text.length + elements.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        if (version == 1) {
            out.putShort((short) text.length);
        } else {
            out.putInt(text.length);
        }
        out.put(text).put(elements);
        return Arrays.copyOf(out.array(), out.position());
    }

    /** The text of a header. */
    public static String header(String type, Order order, int... shape) {
        String dims = Arrays.stream(shape).mapToObj(Integer::toString).collect(Collectors.joining(", "));
        return "{'descr': '" + type + "', 'fortran_order': " + (order == Order.COLUMNS ? "True" : "False")
                + ", 'shape': (" + dims + (shape.length == 1 ? "," : "") + "), } \n";
    }

    /** The bytes of all elements. */
    public static byte[] elements(String type, Order order, Array x) {
        ByteBuffer out = ByteBuffer.allocate(8 * x.size()).order(ByteOrder.LITTLE_ENDIAN);
        int[] extents = order == Order.ROWS ? x.shape() : reversed(x.shape());
        for (int[] index : Array.indices(extents)) {
            double value = x.get(order == Order.ROWS ? index : reversed(index));
            switch (type) {
                case "<f8" -> out.putDouble(value);
                case "<f4" -> out.putFloat((float) value);
                case "<f2" -> out.putShort(Float.floatToFloat16((float) value));
                case "<i8" -> out.putLong((long) value);
                case "<i4", "<u4" -> out.putInt((int) (long) value);
                case "<i2", "<u2" -> out.putShort((short) value);
                case "|i1", "|u1", "|b1" -> out.put((byte) value);
                default -> throw new IllegalArgumentException("NpyFile: expected a type of numbers, found " + type);
            }
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    /** The array of a row-major file of {@code <f8} or {@code <f4} in version 1. */
    public static Array read(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int start = 10 + Short.toUnsignedInt(in.getShort(8));
        String text = new String(file, 10, start - 10, StandardCharsets.ISO_8859_1);
        Matcher header = HEADER.matcher(text);
        if (file[6] != 1 || file[7] != 0 || !header.matches() || header.group("columns").equals("True")) {
            throw new IllegalArgumentException("NpyFile: expected version 1 and row-major order, found " + text);
        }
        int[] shape = Arrays.stream(header.group("shape").split(", *")).filter(dim -> !dim.isEmpty())
                .mapToInt(Integer::parseInt).toArray();
        in.position(start);
        Array out = Array.fill(shape, index -> header.group("type").equals("<f8") ? in.getDouble() : in.getFloat());
        if (in.hasRemaining()) {
            throw new IllegalArgumentException("NpyFile: " + in.remaining() + " bytes after " + text);
        }
        return out;
    }

    /** The entries of an npz file, in its order, by their full names. */
    public static Map<String, byte[]> entries(byte[] npz) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(npz))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                in.transferTo(bytes);
                entries.put(entry.getName(), bytes.toByteArray());
            }
        }
        return entries;
    }

    private static int[] reversed(int[] values) {
        int[] out = new int[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[values.length - 1 - i];
        }
        return out;
    }
}

package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tessella.engine.DType;
import tessella.engine.Shape;

/**
 * The header of an npy file: 6 magic bytes, a version of two bytes, the length of the rest (of 2 bytes in version 1, of
 * 4 in 2 and 3), a dictionary as text, and spaces up to a line feed. The elements follow, to the end.
 */
final class NpyHeader {
    /** The longest dictionary that is read: one of version 1. */
    static final int MAX_LENGTH = 0xffff;
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    /** The magic bytes and the version. */
    private static final int PREFIX = MAGIC.length + 2;
    /** The elements start at a multiple of this. */
    private static final int ALIGNMENT = 64;
    private static final Map<String, StoredType> TYPES = types();

    private NpyHeader() {}

    private static Map<String, StoredType> types() {
        Map<String, StoredType> types = new LinkedHashMap<>();
        types.put("<f8", StoredType.F64);
        types.put("<f4", StoredType.F32);
        types.put("<f2", StoredType.F16);
        types.put("<i8", StoredType.I64);
        types.put("<u8", StoredType.U64);
        types.put("<i4", StoredType.I32);
        types.put("<u4", StoredType.U32);
        types.put("<i2", StoredType.I16);
        types.put("<u2", StoredType.U16);
        types.put("|i1", StoredType.I8);
        types.put("|u1", StoredType.U8);
        types.put("|b1", StoredType.BOOL);
        return types;
    }

    /**
     * Reads a header and leaves the source where the elements start, which then fill it.
     *
     * @throws TensorFileException of the source, if it is not well-formed, or of elements that are not read
     */
    static StoredArray read(Source source) throws IOException {
        byte[] prefix = take(source, PREFIX, "magic bytes and a version");
        if (!Arrays.equals(prefix, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw source.wrong("expected an npy file, which starts with the bytes 93 4e 55 4d 50 59, found "
                    + HexFormat.ofDelimiter(" ").formatHex(prefix, 0, MAGIC.length));
        }
        int version = prefix[MAGIC.length];
        if (version < 1 || version > 3 || prefix[MAGIC.length + 1] != 0) {
            throw source.wrong("expected the npy version 1.0, 2.0 or 3.0, found "
                    + Byte.toUnsignedInt(prefix[MAGIC.length]) + "." + Byte.toUnsignedInt(prefix[MAGIC.length + 1]));
        }
        ByteBuffer field = ByteBuffer.wrap(take(source, lengthBytes(version), "the length of the header"))
                .order(ByteOrder.LITTLE_ENDIAN);
        long length = version == 1 ? Short.toUnsignedLong(field.getShort()) : Integer.toUnsignedLong(field.getInt());
        if (length > MAX_LENGTH) {
            throw source.wrong("expected a header of at most " + MAX_LENGTH + " bytes, found a length of " + length);
        }
        NpyDictionary dictionary =
                NpyDictionary.parse(source, text(source, version, take(source, (int) length, "header")));
        StoredArray stored =
                new StoredArray(type(source, dictionary.descr()), shape(source, dictionary), dictionary.order());
        long bytes = bytes(source, stored);
        if (source.remaining() != bytes) {
            throw source.wrong("expected " + bytes + " bytes for " + stored + ", found " + source.remaining());
        }
        return stored;
    }

    private static int lengthBytes(int version) {
        return version == 1 ? Short.BYTES : Integer.BYTES;
    }

    private static byte[] take(Source source, int count, String what) throws IOException {
        if (source.remaining() < count) {
            throw source.wrong("expected " + count + " bytes of " + what + ", found " + source.remaining()
                    + "; this is not an npy file, or it was cut short");
        }
        byte[] bytes = new byte[count];
        source.read(ByteBuffer.wrap(bytes));
        return bytes;
    }

    private static String text(Source source, int version, byte[] bytes) throws TensorFileException {
        if (version < 3) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new TensorFileException(source.name() + ": expected a header in UTF-8, found other bytes", e);
        }
    }

    private static StoredType type(Source source, String descr) throws TensorFileException {
        StoredType type = TYPES.get(descr);
        if (type == null) {
            throw source.wrong("expected a dtype of " + TYPES.keySet() + ", found " + descr + advice(descr));
        }
        return type;
    }

    private static String advice(String descr) {
        if (descr.startsWith(">")) {
            return ", which is big-endian; save a.astype('<" + descr.substring(1) + "')";
        }
        if (descr.contains("O")) {
            return ", pickled Python objects, which are never read; save each array in it by its own name";
        }
        if (descr.contains("V")) {
            return ", bytes without a type, as JAX saves bfloat16; save a.astype('<f4')";
        }
        return "; save a.astype() of one of these";
    }

    private static Shape shape(Source source, NpyDictionary dictionary) throws TensorFileException {
        try {
            return Shape.of(dictionary.dims());
        } catch (IllegalArgumentException e) {
            throw unfit(source, dictionary.dims(), e);
        }
    }

    private static long bytes(Source source, StoredArray stored) throws TensorFileException {
        try {
            return Math.multiplyExact(stored.shape().size(), stored.type().bytes());
        } catch (ArithmeticException e) {
            throw unfit(source, stored.shape().dims(), e);
        }
    }

    private static TensorFileException unfit(Source source, long[] dims, Throwable cause) {
        return new TensorFileException(source.name() + ": expected a shape of extents from 0 whose bytes fit 63 bits, "
                + "found " + Arrays.toString(dims), cause);
    }

    /**
     * The header of a row-major array, in version 1.0.
     *
     * @throws IllegalArgumentException if the shape has too many axes for it, or the format has no such type
     */
    static byte[] write(DType dtype, Shape shape) {
        if (dtype == DType.BF16) {
            throw new IllegalArgumentException("npy: expected float16, float32 or float64, found bfloat16, which the format does not "
                    + "have; convert it with to(DType.F32), or write a safetensors file");
        }
        String dims = Arrays.stream(shape.dims()).mapToObj(Long::toString).collect(Collectors.joining(", "));
        String text = "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s%s), }".formatted(dtype.bytes(), dims,
                shape.rank() == 1 ? "," : "");
        int before = PREFIX + Short.BYTES;
        int start = (before + text.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (start - before > MAX_LENGTH) {
            throw new IllegalArgumentException("npy: expected a header of at most " + MAX_LENGTH
                    + " bytes, found " + (start - before) + " for a shape of " + shape.rank() + " axes");
        }
        ByteBuffer out = ByteBuffer.allocate(start).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (start - before));
        out.put(text.getBytes(StandardCharsets.ISO_8859_1));
        while (out.remaining() > 1) {
            out.put((byte) ' ');
        }
        return out.put((byte) '\n').array();
    }
}

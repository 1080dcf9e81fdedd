package tessella.bench.peers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A message of Protocol Buffers as it is written: fields by number, in the order in which they are added. */
final class Protobuf implements Values {
    private static final int VARINT = 0;
    private static final int LENGTH = 2;
    private static final int FIXED_32 = 5;

    private final List<Values> parts = new ArrayList<>();

    Protobuf integer(int field, long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(out, (long) field << 3 | VARINT);
        varint(out, value);
        return add(out.toByteArray());
    }

    Protobuf number(int field, float value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(out, (long) field << 3 | FIXED_32);
        out.writeBytes(ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
        return add(out.toByteArray());
    }

    Protobuf text(int field, String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return length(field, utf8.length).add(utf8);
    }

    /** A message inside, which must be complete; or bytes. */
    Protobuf message(int field, Values message) {
        length(field, message.bytes());
        parts.add(message);
        return this;
    }

    private Protobuf length(int field, long bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(out, (long) field << 3 | LENGTH);
        varint(out, bytes);
        return add(out.toByteArray());
    }

    private Protobuf add(byte[] bytes) {
        parts.add(Values.of(bytes));
        return this;
    }

    /** Seven bits a byte, the lowest first; all bytes but the last have the eighth bit. */
    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    @Override
    public long bytes() {
        return Values.joined(parts).bytes();
    }

    @Override
    public void write(Sink sink) throws IOException {
        Values.joined(parts).write(sink);
    }
}

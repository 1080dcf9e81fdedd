package tessella.bench.peers;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Python's pickle of protocol 2, as far as TorchScript archives need it: an opcode a method, values before what takes them. */
final class Pickle {
    private static final int PROTOCOL = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickle() {
        out.write(0x80);
        out.write(PROTOCOL);
    }

    /** A class or function. */
    Pickle global(String module, String name) {
        out.write('c');
        return bytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    Pickle emptyTuple() {
        return opcode(')');
    }

    Pickle emptyDict() {
        return opcode('}');
    }

    Pickle emptyList() {
        return opcode(']');
    }

    /** Begins the values of {@link #tuple} or {@link #setItems}. */
    Pickle mark() {
        return opcode('(');
    }

    Pickle tuple() {
        return opcode('t');
    }

    /** Puts keys and values since the mark into the dictionary before it. */
    Pickle setItems() {
        return opcode('u');
    }

    /** A new object of the class and the tuple before. */
    Pickle newObject() {
        return opcode(0x81);
    }

    /** Gives the object its state, the dictionary before. */
    Pickle build() {
        return opcode('b');
    }

    /** Calls the function before the tuple. */
    Pickle reduce() {
        return opcode('R');
    }

    /** Makes the tuple before the key of something that is stored elsewhere. */
    Pickle persistentId() {
        return opcode('Q');
    }

    Pickle value(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        opcode('X');
        return bytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length).array()).bytes(utf8);
    }

    Pickle value(long number) {
        out.write(0x8a);
        out.write(Long.BYTES);
        return bytes(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
    }

    Pickle value(boolean truth) {
        return opcode(truth ? 0x88 : 0x89);
    }

    /** A tuple of numbers. */
    Pickle tuple(long... numbers) {
        mark();
        for (long number : numbers) {
            value(number);
        }
        return tuple();
    }

    /** All of it. */
    byte[] end() {
        opcode('.');
        return out.toByteArray();
    }

    private Pickle opcode(int code) {
        out.write(code);
        return this;
    }

    private Pickle bytes(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }
}

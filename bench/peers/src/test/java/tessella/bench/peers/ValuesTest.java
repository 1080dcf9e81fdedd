package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** What other libraries read: bytes of numbers, of Protocol Buffers and of pickles. */
class ValuesTest {
    private static byte[] bytes(Values values) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        values.write(bytes -> {
            byte[] piece = new byte[bytes.remaining()];
            bytes.get(piece);
            out.writeBytes(piece);
        });
        assertEquals(values.bytes(), out.size());
        return out.toByteArray();
    }

    @Test
    void numbersOfManyPiecesComeWholeAndInOrder() throws IOException {
        float[] numbers = new float[2 * Values.PIECE / Float.BYTES + 3];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        ByteBuffer expected = ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        expected.asFloatBuffer().put(numbers);
        assertArrayEquals(expected.array(), bytes(Values.of(numbers)));
        assertArrayEquals(expected.array(), bytes(Values.of(numbers)), "every time that it is asked");
        try (Scope scope = Scope.open()) {
            NdArray array = NdArray.of(scope, Shape.of(numbers.length), numbers);
            assertArrayEquals(expected.array(), bytes(Values.of(array)));
            byte[] twice = bytes(Values.joined(List.of(Values.of(array), Values.of(new long[] {-2}))));
            assertEquals(expected.capacity() + Long.BYTES, twice.length);
            assertEquals(-2, ByteBuffer.wrap(twice).order(ByteOrder.LITTLE_ENDIAN).getLong(expected.capacity()));
        }
    }

    /** The examples of protobuf.dev/programming-guides/encoding, and a negative number, which has ten bytes. */
    @Test
    void messagesAreThoseOfTheGuide() throws IOException {
        Protobuf inner = new Protobuf().integer(1, 150);
        assertEquals("089601", hex(inner));
        assertEquals("120774657374696e67", hex(new Protobuf().text(2, "testing")));
        assertEquals("1a03089601", hex(new Protobuf().message(3, inner)));
        assertEquals("08ffffffffffffffffff01", hex(new Protobuf().integer(1, -1)));
        assertEquals("150000803f", hex(new Protobuf().number(2, 1)));
        assertEquals("a00102", hex(new Protobuf().integer(20, 2)));
    }

    /** As pickletools shows them. */
    @Test
    void picklesHaveTheOpcodesOfTheirProtocol() {
        assertEquals("8002292e", HexFormat.of().formatHex(new Pickle().emptyTuple().end()));
        assertEquals("8002288a080300000000000000742e", HexFormat.of().formatHex(new Pickle().tuple(3).end()));
        assertEquals("800263610a620a292981" + "7d2858010000006b88" + "75622e", HexFormat.of().formatHex(new Pickle().global("a", "b")
                .emptyTuple().emptyTuple().newObject().emptyDict().mark().value("k").value(true).setItems().build().end()));
    }

    private static String hex(Values values) throws IOException {
        return HexFormat.of().formatHex(bytes(values));
    }
}

package tessella.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GoldenFileTest {
    private static final String METADATA = "\"__metadata__\":{\"op\":\"neg\",\"attrs\":"
            + "\"{\\\"axis\\\":-1,\\\"axes\\\":[0,2],\\\"scale\\\":0.5,\\\"bias\\\":true,\\\"mask\\\":null}\","
            + "\"tolerance\":\"{\\\"float64\\\":{\\\"rtol\\\":1e-10}}\"}";

    @TempDir
    private Path folder;

    @Test
    void readsEveryTypeAndTheMetadata() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(16 + 8 + 8 + 4 + 2).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(1.5).putDouble(-2).putFloat(0.25f).putFloat(3).putLong(-1L << 40).putInt(-7);
        data.put((byte) 255).put((byte) 1);
        GoldenFile file = GoldenFile.read(write("{" + METADATA
                + ",\"a\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]}"
                + ",\"in.b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}"
                + ",\"in.c\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[24,32]}"
                + ",\"d\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[32,36]}"
                + ",\"e\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[36,38]}}", data.array()));
        assertArrayEquals(new double[] {1.5, -2}, file.array("a").data());
        assertArrayEquals(new int[] {2, 1}, file.array("a").shape());
        assertArrayEquals(new double[] {0.25, 3}, file.array("in.b").data());
        assertEquals(-1L << 40, file.tensor("in.c").integers()[0]);
        assertArrayEquals(new int[] {-7}, file.tensor("d").indices());
        assertArrayEquals(new double[] {255, 1}, file.array("e").data());
        assertEquals("[b, c]", file.names("in.").toString());
        assertEquals("neg", file.op());
        assertEquals(-1, file.attrs().integer("axis"));
        assertArrayEquals(new int[] {0, 2}, file.attrs().integers("axes"));
        assertEquals(0.5, file.attrs().real("scale"));
        assertTrue(file.attrs().flag("bias") && !file.attrs().has("mask"));
        assertEquals(1e-10, file.tolerance().object("float64").real("rtol"));
    }

    @Test
    void refusesWhatIsNotWellFormed() throws IOException {
        String tensor = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        requireRefused("leave a hole", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8);
        requireRefused("overlap", "{\"a\":" + tensor + ",\"b\":" + tensor + "}", 8);
        requireRefused("end at byte 8 of 12", "{\"a\":" + tensor + "}", 12);
        requireRefused("lies at [0, 8] of 4 bytes", "{\"a\":" + tensor + "}", 4);
        requireRefused("expected 12", "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8);
        requireRefused("dtype F16", "{\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}", 8);
        requireRefused("is there twice", "{\"a\":" + tensor + ",\"a\":" + tensor + "}", 8);
        requireRefused("whole numbers", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8);
        requireRefused("expected the end", "{\"a\":" + tensor + "} x", 8);
        requireRefused("expected ','", "{\"a\":" + tensor, 8);
        Path tiny = Files.write(folder.resolve("tiny"), new byte[5]);
        assertThrows(IllegalArgumentException.class, () -> GoldenFile.read(tiny));
        Path long63 = Files.write(folder.resolve("long"), new byte[] {1, 0, 0, 0, 0, 0, 0, 127, '{', '}'});
        assertThrows(IllegalArgumentException.class, () -> GoldenFile.read(long63));
    }

    private void requireRefused(String why, String header, int dataBytes) throws IOException {
        Path path = write(header, new byte[dataBytes]);
        String message = assertThrows(IllegalArgumentException.class, () -> GoldenFile.read(path)).getMessage();
        assertTrue(message.contains(why), message);
    }

    private Path write(String header, byte[] data) throws IOException {
        byte[] head = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + head.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(head.length).put(head).put(data);
        return Files.write(folder.resolve("case.safetensors"), all.array());
    }
}

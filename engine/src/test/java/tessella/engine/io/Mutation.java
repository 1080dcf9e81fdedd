package tessella.engine.io;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Changes to a file: bits that flip, parts that are lost, repeated or moved, numbers that someone edits. */
final class Mutation {
    private static final String TEXT = "0123456789[](){},:\"'-.eFIULT \\<>|";
    private static final List<String> NUMBERS = List.of("0", "1", "2", "-1", "-0", "00", "1.5", "1e3", "8", "255",
            "65536", "2147483647", "2147483648", "4294967296", "1152921504606846976", "2305843009213693952",
            "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "18446744073709551616", "123456789012345678901234567890");
    private static final long[] INTEGERS = {0, 1, -1, 2, 7, 8, 10, 22, 46, 255, 256, 0xffff, 0x10000, Integer.MAX_VALUE,
        Integer.MIN_VALUE, 1L << 32, 1L << 61, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE};
    /** Where most formats say what they hold: so many bytes at both ends of the file. */
    private static final int STRUCTURE = 300;

    private final SplittableRandom random;
    private byte[] bytes;

    private Mutation(byte[] bytes, SplittableRandom random) {
        this.bytes = bytes;
        this.random = random;
    }

    /** A copy with one to four changes, always the same for the same random numbers. */
    static byte[] of(byte[] original, SplittableRandom random) {
        Mutation mutation = new Mutation(original.clone(), random);
        for (int i = Math.max(1, random.nextInt(-3, 5)); i > 0; i--) {
            mutation.change();
        }
        return mutation.bytes;
    }

    private void change() {
        if (bytes.length == 0) {
            insert(0, random.nextInt(1, 20));
            return;
        }
        int at = place();
        int length = Math.min(bytes.length - at, random.nextInt(1, random.nextInt(4) == 0 ? 200 : 10));
        switch (random.nextInt(10)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> bytes[at] = (byte) TEXT.charAt(random.nextInt(TEXT.length()));
            case 3 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 4 -> insert(at, length);
            case 5 -> splice(at, length, new byte[0]);
            case 6 -> splice(place(), 0, Arrays.copyOfRange(bytes, at, at + length));
            case 7 -> {
                int to = place();
                System.arraycopy(bytes, at, bytes, to, Math.min(length, bytes.length - to));
            }
            case 8 -> number(at);
            default -> integer(at);
        }
    }

    private int place() {
        int near = random.nextInt(Math.min(STRUCTURE, bytes.length));
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(bytes.length);
            case 1 -> bytes.length - 1 - near;
            default -> near;
        };
    }

    private void insert(int at, int length) {
        byte[] more = new byte[length];
        random.nextBytes(more);
        splice(at, 0, more);
    }

    /** Replaces length bytes by others. */
    private void splice(int at, int length, byte[] others) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        out.writeBytes(others);
        out.write(bytes, at + length, bytes.length - at - length);
        bytes = out.toByteArray();
    }

    /** Replaces the next number in text, if there is one, by a neighbour or by one at which code goes wrong. */
    private void number(int from) {
        int at = from;
        while (at < bytes.length && !isDigit(bytes[at])) {
            at++;
        }
        int end = at;
        while (end < bytes.length && end < at + 9 && isDigit(bytes[end])) {
            end++;
        }
        if (end > at) {
            long old = Long.parseLong(new String(bytes, at, end - at, StandardCharsets.US_ASCII));
            String text = random.nextBoolean() ? NUMBERS.get(random.nextInt(NUMBERS.size()))
                    : Long.toString(old + random.nextInt(-4, 5));
            splice(at, end - at, text.getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Replaces a little-endian integer of 2, 4 or 8 bytes. */
    private void integer(int at) {
        int count = Math.min(bytes.length - at, 2 << random.nextInt(3));
        long value = INTEGERS[random.nextInt(INTEGERS.length)] + (random.nextBoolean() ? 0 : random.nextInt(-4, 5));
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }
}

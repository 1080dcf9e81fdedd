package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The directory of a zip file (PKWARE APPNOTE 6.3, with zip64): read from its end, checked against the header of each
 * entry, and against entries that share bytes. java.util.zip.ZipFile checks neither, nor any checksum, and takes the
 * last of two entries of one name.
 */
final class ZipDirectory {
    /** The longest directory that is read. */
    static final long MAX_LENGTH = 100_000_000;
    /** No byte of deflated data stands for more than this: a match of 258 bytes takes two bits at least. */
    private static final long MAX_RATIO = 1_032;

    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_BYTES = 20;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;

    private static final int SHORT = 0xffff;
    private static final long INT = 0xffff_ffffL;
    private static final int EXTRA64 = 1;
    /** Encrypted, a patch, strongly encrypted, a masked directory. */
    private static final int REFUSED_FLAGS = 1 | 1 << 5 | 1 << 6 | 1 << 13;
    private static final int UTF8_FLAG = 1 << 11;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    private final String file;
    private final FileChannel channel;
    private final long fileLength;

    private ZipDirectory(String file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        fileLength = channel.size();
    }

    /** Where the directory lies, and how many entries it has. */
    private record Place(long start, long end, long entries) {}

    /**
     * The entries of a file by name, sorted.
     *
     * @throws TensorFileException if it is not a well-formed zip file, or has entries that are not read
     */
    static SortedMap<String, ZipMember> read(String file, FileChannel channel) throws IOException {
        ZipDirectory directory = new ZipDirectory(file, channel);
        Place place = directory.place();
        SortedMap<String, ZipMember> members = directory.members(place);
        directory.requireApart(members, place.start());
        return members;
    }

    private Place place() throws IOException {
        if (fileLength < END_BYTES) {
            throw wrong("expected an npz file of at least " + END_BYTES + " bytes, found " + fileLength);
        }
        int length = (int) Math.min(fileLength, END_BYTES + SHORT);
        ByteBuffer tail = ChannelSource.bytes(file, channel, fileLength - length, length);
        int at = length - END_BYTES;
        // a comment of the file may follow, which must reach its end
        while (at >= 0 && (tail.getInt(at) != END || at + END_BYTES + unsigned(tail, at + 20) != length)) {
            at--;
        }
        if (at < 0) {
            throw wrong("expected the end record of a zip directory, found none; this is not an npz file, or it was "
                    + "cut short");
        }
        long end = fileLength - length + at;
        long entries = unsigned(tail, at + 10);
        long bytes = Integer.toUnsignedLong(tail.getInt(at + 12));
        long start = Integer.toUnsignedLong(tail.getInt(at + 16));
        if ((entries == SHORT || bytes == INT || start == INT) && end >= LOCATOR64_BYTES) {
            ByteBuffer locator = ChannelSource.bytes(file, channel, end - LOCATOR64_BYTES, LOCATOR64_BYTES);
            if (locator.getInt(0) == LOCATOR64) {
                return place64(locator.getLong(8), end - LOCATOR64_BYTES);
            }
        }
        if (tail.getInt(at + 4) != 0 || unsigned(tail, at + 8) != entries) {
            throw wrong("expected a zip file in one part, found one of several");
        }
        return place(start, bytes, entries, end);
    }

    /** From the end record of zip64, which lies at a byte and ends at another. */
    private Place place64(long at, long end) throws IOException {
        if (at < 0 || at > end - END64_BYTES) {
            throw wrong("expected the zip64 end record " + END64_BYTES + " bytes or more before byte " + end
                    + ", found it at byte " + Long.toUnsignedString(at));
        }
        ByteBuffer record = ChannelSource.bytes(file, channel, at, END64_BYTES);
        if (record.getInt(0) != END64 || record.getLong(4) != end - at - 12) {
            throw wrong("expected a zip64 end record of " + (end - at) + " bytes at byte " + at
                    + ", found another length or no record");
        }
        long entries = record.getLong(32);
        if (record.getLong(16) != 0 || record.getLong(24) != entries) {
            throw wrong("expected a zip file in one part, found one of several");
        }
        return place(record.getLong(48), record.getLong(40), entries, at);
    }

    private Place place(long start, long bytes, long entries, long end) throws TensorFileException {
        if (bytes < 0 || bytes > end || start != end - bytes) {
            throw wrong("expected a zip directory that ends at byte " + end + ", where its end record starts, found "
                    + Long.toUnsignedString(bytes) + " bytes at " + Long.toUnsignedString(start));
        }
        if (bytes > MAX_LENGTH) {
            throw wrong("expected a zip directory of at most " + MAX_LENGTH + " bytes, found " + bytes);
        }
        return new Place(start, end, entries);
    }

    private SortedMap<String, ZipMember> members(Place place) throws IOException {
        ByteBuffer directory =
                ChannelSource.bytes(file, channel, place.start(), (int) (place.end() - place.start()));
        SortedMap<String, ZipMember> members = new TreeMap<>();
        while (directory.hasRemaining()) {
            int at = directory.position();
            if (directory.remaining() < ENTRY_BYTES || directory.getInt(at) != ENTRY) {
                throw wrong("expected an entry of the zip directory at byte " + (place.start() + at) + ", found none");
            }
            int name = unsigned(directory, at + 28);
            int extra = unsigned(directory, at + 30);
            int length = ENTRY_BYTES + name + extra + unsigned(directory, at + 32);
            if (directory.remaining() < length) {
                throw wrong("expected an entry of the zip directory of %d bytes at byte %d, found the end after %d"
                        .formatted(length, place.start() + at, directory.remaining()));
            }
            ByteBuffer entry = directory.slice(at, length).order(ByteOrder.LITTLE_ENDIAN);
            byte[] nameBytes = new byte[name];
            entry.get(ENTRY_BYTES, nameBytes);
            String text = name(nameBytes, unsigned(entry, 8));
            if (members.put(text, member(text, entry, nameBytes, extra, place.start())) != null) {
                throw wrong("expected each entry once, found " + text + " twice");
            }
            directory.position(at + length);
        }
        if (members.size() != place.entries()) {
            throw wrong("expected " + Long.toUnsignedString(place.entries())
                    + " entries as the zip directory says, found " + members.size());
        }
        return members;
    }

    private String name(byte[] bytes, int flags) throws TensorFileException {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            if ((flags & UTF8_FLAG) != 0 || text.length() == bytes.length) {
                return text;
            }
        } catch (CharacterCodingException e) {
            throw new TensorFileException(file + ": expected names of entries in UTF-8, found other bytes", e);
        }
        throw wrong("expected names of entries in ASCII, or marked as UTF-8, found other bytes");
    }

    private ZipMember member(String name, ByteBuffer entry, byte[] nameBytes, int extra, long dataEnd)
            throws IOException {
        int flags = unsigned(entry, 8);
        int method = unsigned(entry, 10);
        if ((flags & REFUSED_FLAGS) != 0) {
            throw wrong(name, "expected bytes as they are, found them encrypted");
        }
        if (method != STORED && method != DEFLATED) {
            throw wrong(name, "expected it stored or deflated, found the zip method " + method
                    + "; save it with numpy.savez or savez_compressed");
        }
        long[] numbers = {Integer.toUnsignedLong(entry.getInt(24)), Integer.toUnsignedLong(entry.getInt(20)),
            Integer.toUnsignedLong(entry.getInt(42))};
        widen(name, numbers, entry.slice(ENTRY_BYTES + nameBytes.length, extra).order(ByteOrder.LITTLE_ENDIAN));
        long size = numbers[0];
        long packed = numbers[1];
        long offset = numbers[2];
        if (offset < 0 || offset > dataEnd - LOCAL_BYTES) {
            throw wrong(name, "expected it before the zip directory at byte " + dataEnd + ", found it at byte "
                    + Long.toUnsignedString(offset));
        }
        ByteBuffer local = ChannelSource.bytes(file, channel, offset,
                (int) Math.min(LOCAL_BYTES + nameBytes.length, dataEnd - offset));
        if (local.getInt(0) != LOCAL || unsigned(local, 8) != method || unsigned(local, 26) != nameBytes.length
                || local.position(LOCAL_BYTES).mismatch(ByteBuffer.wrap(nameBytes)) >= 0) {
            throw wrong(name, "expected its own header at byte " + offset + ", found another or none");
        }
        long start = offset + LOCAL_BYTES + nameBytes.length + unsigned(local, 28);
        if (packed < 0 || packed > dataEnd - start) {
            throw wrong(name, "expected its bytes from byte " + start + " to end before the zip directory at byte "
                    + dataEnd + ", found " + Long.toUnsignedString(packed) + " of them");
        }
        if (method == STORED ? size != packed : size < 0 || size / MAX_RATIO > packed) {
            throw wrong(name, "expected a size that %d %s bytes can have, found %s".formatted(packed,
                    method == STORED ? "stored" : "deflated", Long.toUnsignedString(size)));
        }
        return new ZipMember(method == DEFLATED, offset, start, packed, size, entry.getInt(16));
    }

    /** Replaces the numbers that do not fit 32 bits by those in the zip64 field, which has them in the same order. */
    private void widen(String name, long[] numbers, ByteBuffer extra) throws TensorFileException {
        while (extra.remaining() >= 4) {
            int id = Short.toUnsignedInt(extra.getShort());
            int length = Short.toUnsignedInt(extra.getShort());
            if (length > extra.remaining()) {
                throw wrong(name, "expected an extra field of " + length + " bytes, found " + extra.remaining());
            }
            ByteBuffer field = extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; id == EXTRA64 && i < numbers.length; i++) {
                if (numbers[i] == INT && field.remaining() >= Long.BYTES) {
                    numbers[i] = field.getLong();
                }
            }
            extra.position(extra.position() + length);
        }
    }

    private void requireApart(SortedMap<String, ZipMember> members, long dataEnd) throws TensorFileException {
        List<String> names = new ArrayList<>(members.keySet());
        names.sort(Comparator.comparingLong(name -> members.get(name).offset()));
        long end = 0;
        for (String name : names) {
            ZipMember member = members.get(name);
            if (member.offset() < end) {
                throw wrong(name, "expected it from byte " + end + ", where the one before ends, found it at byte "
                        + member.offset() + ", an overlap");
            }
            end = member.end();
        }
    }

    private static int unsigned(ByteBuffer bytes, int at) {
        return Short.toUnsignedInt(bytes.getShort(at));
    }

    private TensorFileException wrong(String what) {
        return new TensorFileException(file + ": " + what);
    }

    private TensorFileException wrong(String entry, String what) {
        return new TensorFileException(file + ": entry " + entry + ": " + what);
    }
}

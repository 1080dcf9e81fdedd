package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A range of bytes of a file. Reading does not move the position of the channel: any number of ranges may be open. */
final class ChannelSource implements Source {
    private final String name;
    private final FileChannel channel;
    private final long end;
    private long at;

    /** The bytes [from, to) of a channel. */
    ChannelSource(String name, FileChannel channel, long from, long to) {
        this.name = name;
        this.channel = channel;
        at = from;
        end = to;
    }

    /**
     * Opens a file for reading.
     *
     * @throws TensorFileException if it is not a file; kind says which was expected
     */
    static FileChannel open(Path path, String kind) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new TensorFileException(path + ": expected " + kind + ", found "
                    + (Files.exists(path) ? "a directory or device" : "nothing of this name"));
        }
        return FileChannel.open(path, StandardOpenOption.READ);
    }

    /** The bytes [from, from + length) of a channel, for numbers in little-endian order. */
    static ByteBuffer bytes(String name, FileChannel channel, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        new ChannelSource(name, channel, from, from + length).read(bytes);
        return bytes.flip();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long remaining() {
        return end - at;
    }

    @Override
    public void read(ByteBuffer target) throws IOException {
        if (target.remaining() > remaining()) {
            throw wrong("expected " + target.remaining() + " more bytes, found " + remaining());
        }
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw wrong("expected " + target.remaining() + " more bytes from byte " + at
                        + ", found the end of the file; it was cut short after it was opened");
            }
            at += count;
        }
    }

    @Override
    public void finish() {}

    @Override
    public void close() {}
}

package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Deflated bytes, inflated as they are read: never more than is asked for, whatever they would inflate to. */
final class InflatedSource implements Source {
    private static final int CHUNK = 1 << 16;

    private final Source packed;
    private final Inflater inflater = new Inflater(true);
    private final ByteBuffer input;
    private long remaining;

    /** The bytes that packed, the rest of a source, inflates to, which are expected to be size. */
    InflatedSource(Source packed, long size) {
        this.packed = packed;
        input = ByteBuffer.allocate((int) Math.min(CHUNK, packed.remaining()));
        remaining = size;
    }

    @Override
    public String name() {
        return packed.name();
    }

    @Override
    public long remaining() {
        return remaining;
    }

    @Override
    public void read(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            int count = inflate(target);
            if (count == 0) {
                throw wrong("expected " + remaining + " more bytes, found the end of what is deflated");
            }
            remaining -= count;
        }
    }

    /** Inflates at least one byte, unless the target is full or there are none. */
    private int inflate(ByteBuffer target) throws IOException {
        try {
            int count = inflater.inflate(target);
            while (count == 0 && target.hasRemaining() && inflater.needsInput() && !inflater.finished()
                    && packed.remaining() > 0) {
                input.clear().limit((int) Math.min(CHUNK, packed.remaining()));
                packed.read(input);
                inflater.setInput(input.flip());
                count = inflater.inflate(target);
            }
            return count;
        } catch (DataFormatException e) {
            throw new TensorFileException(name() + ": expected deflated bytes, found " + e.getMessage()
                    + "; the file is damaged, fetch it again", e);
        }
    }

    @Override
    public void finish() throws IOException {
        // the end of a deflated stream may need bytes of its own after the last one that counts
        if (inflate(ByteBuffer.allocate(1)) > 0) {
            throw wrong("expected the end of what is deflated where the directory says it has all its bytes, found "
                    + "more");
        }
        if (!inflater.finished()) {
            throw wrong("expected the end of what is deflated, found its bytes cut short");
        }
        if (inflater.getRemaining() > 0 || packed.remaining() > 0) {
            throw wrong("expected the end of its bytes where what is deflated ends, found "
                    + (inflater.getRemaining() + packed.remaining()) + " more");
        }
    }

    @Override
    public void close() {
        inflater.end();
    }
}

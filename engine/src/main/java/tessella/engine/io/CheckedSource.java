package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** Bytes whose checksum is known: at the end it must be that of the bytes that were read. */
final class CheckedSource implements Source {
    private final Source source;
    private final CRC32 found = new CRC32();
    private final int expected;

    CheckedSource(Source source, int crc) {
        this.source = source;
        expected = crc;
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public long remaining() {
        return source.remaining();
    }

    @Override
    public void read(ByteBuffer target) throws IOException {
        ByteBuffer read = target.duplicate();
        source.read(target);
        found.update(read);
    }

    @Override
    public void finish() throws IOException {
        source.finish();
        if ((int) found.getValue() != expected) {
            throw wrong("expected bytes of the CRC-32 %08x, found %08x; the file is damaged, fetch it again"
                    .formatted(expected, (int) found.getValue()));
        }
    }

    @Override
    public void close() {
        source.close();
    }
}

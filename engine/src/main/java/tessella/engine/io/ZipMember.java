package tessella.engine.io;

import java.nio.channels.FileChannel;

/**
 * One entry of a zip file, as its directory says and its own header confirms.
 *
 * @param deflated whether the bytes are deflated; else they are stored
 * @param offset where its own header starts in the file
 * @param start where its bytes start in the file
 * @param packed how many bytes it takes in the file
 * @param size how many bytes it has
 * @param crc the checksum of these
 */
record ZipMember(boolean deflated, long offset, long start, long packed, long size, int crc) {
    /** Where its bytes end in the file. */
    long end() {
        return start + packed;
    }

    /** Its bytes, checked against their number and checksum. */
    Source source(String name, FileChannel channel) {
        Source bytes = new ChannelSource(name, channel, start, end());
        return new CheckedSource(deflated ? new InflatedSource(bytes, size) : bytes, crc);
    }
}

package tessella.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import tessella.engine.NdArray;

/** The numbers of a tensor, in row-major order, that another library is to read: given out in pieces, for they may be many. */
interface Values {
    /** Bytes of a piece. */
    int PIECE = 1 << 20;

    /** Takes little-endian bytes. */
    interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    /** Number of bytes. */
    long bytes();

    /** Gives all of them out, in order; every time that it is called. */
    void write(Sink sink) throws IOException;

    /** float32 numbers. */
    static Values of(float[] numbers) {
        return new Values() {
            @Override
            public long bytes() {
                return (long) numbers.length * Float.BYTES;
            }

            @Override
            public void write(Sink sink) throws IOException {
                ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
                for (int from = 0; from < numbers.length; from += PIECE / Float.BYTES) {
                    int count = Math.min(PIECE / Float.BYTES, numbers.length - from);
                    piece.clear().asFloatBuffer().put(numbers, from, count);
                    sink.accept(piece.limit(count * Float.BYTES));
                }
            }
        };
    }

    /** The values of an array that lies whole in memory, which must stay there until they are written. */
    static Values of(NdArray array) {
        return new Values() {
            @Override
            public long bytes() {
                return array.size() * array.dtype().bytes();
            }

            @Override
            public void write(Sink sink) throws IOException {
                try {
                    array.withSegment(segment -> {
                        for (long from = 0; from < bytes(); from += PIECE) {
                            try {
                                sink.accept(segment.asSlice(from, Math.min(PIECE, bytes() - from)).asByteBuffer());
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        }
                        return null;
                    });
                } catch (UncheckedIOException e) {
                    throw e.getCause();
                }
            }
        };
    }

    /** Integers of 64 bits. */
    static Values of(long[] numbers) {
        ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(numbers.length, Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        all.asLongBuffer().put(numbers);
        return of(all.array());
    }

    /** Bytes as they are. */
    static Values of(byte[] bytes) {
        return new Values() {
            @Override
            public long bytes() {
                return bytes.length;
            }

            @Override
            public void write(Sink sink) throws IOException {
                sink.accept(ByteBuffer.wrap(bytes));
            }
        };
    }

    /** One after the other. */
    static Values joined(List<Values> parts) {
        return new Values() {
            @Override
            public long bytes() {
                return parts.stream().mapToLong(Values::bytes).sum();
            }

            @Override
            public void write(Sink sink) throws IOException {
                for (Values part : parts) {
                    part.write(sink);
                }
            }
        };
    }
}

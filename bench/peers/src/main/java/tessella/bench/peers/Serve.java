package tessella.bench.peers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/**
 * The process of one library. Commands:
 *
 * <ul>
 * <li>{@code prepare WORK THREADS}: "ready", or "nothing" if the library has nothing for it;
 * <li>{@code result FILE}: writes what it computes as float32 numbers in native order, answers how many;
 * <li>{@code time SECONDS}: after one run that is not counted, runs for that long and at least three times; answers the median
 *     nanoseconds of a run, and the runs;
 * <li>{@code memory}: the most bytes that were resident since the last such command;
 * <li>{@code release}, {@code end}.
 * </ul>
 */
public final class Serve {
    private static final int LEAST_RUNS = 3;
    private static final int CHUNK = 1 << 20;

    private final Peer peer;
    private Peer.Run run;

    private Serve(Peer peer) {
        this.peer = peer;
    }

    /** The name of the library is the only argument. */
    public static void main(String[] args) throws IOException {
        try (Peer peer = Peers.open(args[0])) {
            Serve serve = new Serve(peer);
            Answers.serve(peer.name(), serve::answer);
            serve.release();
        }
        // threads of native libraries are nobody's
        System.exit(0);
    }

    private String answer(List<String> words) throws IOException {
        return switch (words.getFirst()) {
            case "prepare" -> prepare(Works.parse(words.get(1)), Integer.parseInt(words.get(2)));
            case "result" -> result(Path.of(words.get(1)));
            case "time" -> time(Double.parseDouble(words.get(1)));
            case "memory" -> Long.toString(peakBytes());
            case "release" -> release();
            default -> throw new IllegalArgumentException("serve: no command " + words.getFirst());
        };
    }

    private String prepare(Work work, int threads) {
        release();
        run = peer.prepare(work, threads);
        return run == null ? "nothing" : "ready";
    }

    private String release() {
        if (run != null) {
            run.close();
            run = null;
        }
        return "released";
    }

    private Peer.Run prepared() {
        if (run == null) {
            throw new IllegalStateException("serve: expected that work was prepared before, found none");
        }
        return run;
    }

    private String time(double seconds) {
        Peer.Run run = prepared();
        run.once();
        long[] nanos = new long[1024];
        int runs = 0;
        long start = System.nanoTime();
        long end;
        do {
            long before = System.nanoTime();
            run.once();
            end = System.nanoTime();
            if (runs == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * runs);
            }
            nanos[runs++] = end - before;
        } while (runs < LEAST_RUNS || end - start < seconds * 1e9);
        Arrays.sort(nanos, 0, runs);
        return (nanos[(runs - 1) / 2] + nanos[runs / 2]) / 2 + " " + runs;
    }

    private String result(Path file) throws IOException {
        float[] values = prepared().result();
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(CHUNK * Float.BYTES).order(ByteOrder.nativeOrder());
            for (int from = 0; from < values.length; from += CHUNK) {
                int count = Math.min(CHUNK, values.length - from);
                bytes.clear().asFloatBuffer().put(values, from, count);
                bytes.limit(count * Float.BYTES);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
        }
        return Integer.toString(values.length);
    }

    /** The high-water mark of this process, which then starts anew; 0 where the system keeps none. */
    private static long peakBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        long peak = 0;
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                peak = Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        return peak;
    }
}

package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import tessella.engine.Memory;

/** What holds for any library and any work that it offers. */
final class PeerAssert {
    private PeerAssert() {}

    /** Another library computes what ours does, whatever ran before, and leaves none of our memory behind. */
    static void assertAgrees(Peer peer, Work work) {
        try (Peer ours = new TessellaPeer(); Peer.Run our = ours.prepare(work, 1); Peer.Run run = peer.prepare(work, 2)) {
            FloatBuffer expected = FloatBuffer.wrap(our.result());
            for (String when : new String[] {"after a run", "after another"}) {
                run.once();
                double difference = Agreement.difference(Agreement.arrays(work), expected, FloatBuffer.wrap(run.result()));
                assertTrue(difference <= Agreement.tolerance(work), work.name() + ": " + difference + " " + when);
            }
        }
        assertEquals(0, Memory.inUse(), work.name());
    }

    /** A library computes on as many threads as it is told: a thread that it makes has the name of the one that makes it. */
    static void assertThreads(Peer peer, Work work, int threads) throws InterruptedException {
        String name = "team of " + threads;
        AtomicLong count = new AtomicLong();
        Thread caller = new Thread(() -> {
            try (Peer.Run run = peer.prepare(work, threads)) {
                run.once();
                count.set(threadsNamed(name));
            }
        }, name);
        caller.start();
        caller.join();
        assertEquals(threads, count.get());
    }

    private static long threadsNamed(String name) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.filter(task -> {
                try {
                    return Files.readString(task.resolve("comm")).strip().equals(name);
                } catch (IOException e) {
                    return false; // it has just ended
                }
            }).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

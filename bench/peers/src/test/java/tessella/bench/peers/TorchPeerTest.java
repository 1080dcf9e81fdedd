package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;

/** libtorch computes what our library computes. */
class TorchPeerTest {
    private final Peer torch = new TorchPeer(TorchModule.Form.EAGER);

    @AfterEach
    void memoryIsReturned() {
        assertEquals(0, Memory.inUse());
    }

    private static void assertAgrees(Peer peer, Work work) {
        try (Peer ours = new TessellaPeer(); Peer.Run our = ours.prepare(work, 1); Peer.Run run = peer.prepare(work, 2)) {
            FloatBuffer expected = FloatBuffer.wrap(our.result());
            run.once();
            float[] found = run.result();
            double difference = Agreement.difference(Agreement.arrays(work), expected, FloatBuffer.wrap(found));
            assertTrue(difference <= Agreement.tolerance(work), work.name() + ": " + difference);
            run.once();
            assertEquals(FloatBuffer.wrap(found), FloatBuffer.wrap(run.result()), work.name() + ": a result depends on the runs before");
        }
    }

    @Test
    void products() {
        for (int[] mkn : new int[][] {{1, 1, 1}, {3, 5, 7}, {1, 129, 65}, {37, 1, 19}, {33, 131, 67}}) {
            for (Work.Form form : Work.Form.values()) {
                assertAgrees(torch, new Work.Gemm(mkn[0], mkn[1], mkn[2], form, Work.Weights.FRESH));
            }
        }
        assertAgrees(torch, new Work.Gemm(3, 5, 7, Work.Form.PLAIN, Work.Weights.PREPACKED));
        assertNull(torch.prepare(new Work.Gemm(3, 5, 7, Work.Form.PLAIN, Work.Weights.BFLOAT16), 1));
    }

    @Test
    void operatorsOnRows() {
        for (Direction direction : Direction.values()) {
            for (Work.RowOperator operator : Work.RowOperator.values()) {
                assertAgrees(torch, new Work.Rows(operator, 5, 7, direction));
                assertAgrees(torch, new Work.Rows(operator, 67, 129, direction));
            }
        }
    }

    @Test
    void attention() {
        for (Direction direction : Direction.values()) {
            assertAgrees(torch, new Work.Attention(2, 3, 7, 5, direction));
            assertAgrees(torch, new Work.Attention(1, 2, 129, 64, direction));
        }
    }

    @Test
    void modelsInAllForms() {
        for (TorchModule.Form form : TorchModule.Form.values()) {
            Peer peer = new TorchPeer(form);
            for (String preset : List.of("vit-tiny", "soft-moe-tiny", "vit-mu16")) {
                assertAgrees(peer, new Work.Forward(preset, 1));
                assertAgrees(peer, new Work.Forward(preset, 3));
            }
        }
        assertNull(torch.prepare(new Work.Forward("vit-e14-jft", 1), 1), "attention pooling");
        assertNull(new TorchPeer(TorchModule.Form.FROZEN).prepare(new Work.Step("vit-tiny", 1), 1), "models in inference only");
    }

    @Test
    void stepsOfAdam() {
        assertAgrees(torch, new Work.Adam("soft-moe-tiny"));
    }

    @Test
    void stepsOfTraining() {
        for (String preset : List.of("vit-tiny", "soft-moe-tiny", "vit-mu16")) {
            assertAgrees(torch, new Work.Step(preset, 4));
        }
        assertNull(torch.prepare(new Work.Step("vit-22b14", 1), 1), "parallel blocks");
    }

    @Test
    void mixtures() {
        for (Direction direction : Direction.values()) {
            assertAgrees(torch, new Work.Mixture(2, 6, 8, 12, 2, 3, direction, Work.Weights.FRESH));
            assertAgrees(torch, new Work.Mixture(3, 10, 16, 24, 5, 1, direction, Work.Weights.FRESH));
        }
        assertNull(torch.prepare(new Work.Mixture(1, 2, 4, 4, 2, 1, Direction.FORWARD, Work.Weights.BFLOAT16), 1));
    }

    /** A thread that OpenMP makes has the name of the one that makes it. */
    @Test
    void threadsAreThoseThatWereAskedFor() throws Exception {
        assertEquals(1, threadsAtWork(1));
        assertEquals(2, threadsAtWork(2));
    }

    private int threadsAtWork(int threads) throws Exception {
        String name = "torch of " + threads;
        AtomicLong count = new AtomicLong();
        Thread thread = new Thread(() -> {
            try (Peer.Run run = torch.prepare(new Work.Gemm(512, 512, 512, Work.Form.PLAIN, Work.Weights.FRESH), threads)) {
                run.once();
                count.set(threadsNamed(name));
            }
        }, name);
        thread.start();
        thread.join();
        return count.intValue();
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

package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** ONNX Runtime computes what our library computes. */
class OnnxPeerTest {
    private final Peer onnx = new OnnxPeer();

    @Test
    void models() {
        for (String preset : List.of("vit-tiny", "vit-mu16")) {
            PeerAssert.assertAgrees(onnx, new Work.Forward(preset, 1));
            PeerAssert.assertAgrees(onnx, new Work.Forward(preset, 3));
        }
        assertTrue(onnx.name().contains("1.23.2"));
    }

    @Test
    void threadsAreThoseThatWereAskedFor() throws Exception {
        PeerAssert.assertThreads(onnx, new Work.Forward("vit-mu16", 4), 1);
        PeerAssert.assertThreads(onnx, new Work.Forward("vit-mu16", 4), 2);
    }

    @Test
    void otherWorksAndModelsAreNotOffered() {
        for (String name : List.of("gemm-3x5x7-plain-fresh", "attention-1x2x3x4-forward", "gelu-3x5-forward", "adamw-vit-tiny",
                "step-vit-tiny-batch-1", "softmoe-2x6x8x12-2x3-forward", "forward-soft-moe-tiny-batch-1", "forward-vit-22b14-batch-1",
                "forward-vit-e14-jft-batch-1")) {
            assertNull(onnx.prepare(Works.parse(name), 1), name);
        }
    }
}

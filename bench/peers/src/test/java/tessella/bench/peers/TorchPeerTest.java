package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

/** libtorch computes what our library computes. */
class TorchPeerTest {
    private final Peer torch = new TorchPeer(TorchPeer.Form.EAGER);

    @Test
    void products() {
        for (int[] mkn : new int[][] {{1, 1, 1}, {3, 5, 7}, {1, 129, 65}, {37, 1, 19}, {33, 131, 67}}) {
            for (Work.Form form : Work.Form.values()) {
                PeerAssert.assertAgrees(torch, new Work.Gemm(mkn[0], mkn[1], mkn[2], form, Work.Weights.FRESH));
            }
        }
        PeerAssert.assertAgrees(torch, new Work.Gemm(3, 5, 7, Work.Form.PLAIN, Work.Weights.PREPACKED));
        assertNull(torch.prepare(new Work.Gemm(3, 5, 7, Work.Form.PLAIN, Work.Weights.BFLOAT16), 1));
    }

    @Test
    void operatorsOnRows() {
        for (Direction direction : Direction.values()) {
            for (Work.RowOperator operator : Work.RowOperator.values()) {
                PeerAssert.assertAgrees(torch, new Work.Rows(operator, 5, 7, direction));
                PeerAssert.assertAgrees(torch, new Work.Rows(operator, 67, 129, direction));
            }
        }
    }

    @Test
    void attention() {
        for (Direction direction : Direction.values()) {
            PeerAssert.assertAgrees(torch, new Work.Attention(2, 3, 7, 5, direction));
            PeerAssert.assertAgrees(torch, new Work.Attention(1, 2, 129, 64, direction));
        }
    }

    @Test
    void modelsInAllForms() {
        for (TorchPeer.Form form : TorchPeer.Form.values()) {
            Peer peer = new TorchPeer(form);
            for (String preset : List.of("vit-tiny", "soft-moe-tiny", "vit-mu16")) {
                PeerAssert.assertAgrees(peer, new Work.Forward(preset, 1));
                PeerAssert.assertAgrees(peer, new Work.Forward(preset, 3));
            }
        }
        assertNull(torch.prepare(new Work.Forward("vit-e14-jft", 1), 1), "attention pooling");
        assertNull(new TorchPeer(TorchPeer.Form.FROZEN).prepare(new Work.Step("vit-tiny", 1, 1), 1), "models in inference only");
    }

    @Test
    void stepsOfAdam() {
        PeerAssert.assertAgrees(torch, new Work.Adam("soft-moe-tiny"));
    }

    @Test
    void stepsOfTraining() {
        for (String preset : List.of("vit-tiny", "soft-moe-tiny", "vit-mu16")) {
            PeerAssert.assertAgrees(torch, new Work.Step(preset, 4, 1));
        }
        assertNull(torch.prepare(new Work.Step("vit-22b14", 1, 1), 1), "parallel blocks");
    }

    @Test
    void mixtures() {
        for (Direction direction : Direction.values()) {
            PeerAssert.assertAgrees(torch, new Work.Mixture(2, 6, 8, 12, 2, 3, direction, Work.Weights.FRESH));
            PeerAssert.assertAgrees(torch, new Work.Mixture(3, 10, 16, 24, 5, 1, direction, Work.Weights.FRESH));
        }
        assertNull(torch.prepare(new Work.Mixture(1, 2, 4, 4, 2, 1, Direction.FORWARD, Work.Weights.BFLOAT16), 1));
    }

    @Test
    void threadsAreThoseThatWereAskedFor() throws Exception {
        Work work = new Work.Gemm(512, 512, 512, Work.Form.PLAIN, Work.Weights.FRESH);
        PeerAssert.assertThreads(torch, work, 1);
        PeerAssert.assertThreads(torch, work, 2);
    }
}

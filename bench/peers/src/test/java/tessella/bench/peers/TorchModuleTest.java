package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is timed is all that was written: no operator is left out because nobody reads its result. */
class TorchModuleTest {
    private static TorchModule load(TorchScript script) {
        new TorchPeer(TorchPeer.Form.EAGER).name();
        TorchArchive archive = TorchArchive.of(script);
        try (archive) {
            assertTrue(Files.exists(archive.file()));
            return TorchModule.load(archive, TorchPeer.Form.EAGER);
        } finally {
            assertFalse(Files.exists(archive.file()));
        }
    }

    @Test
    void aCallRunsTheProgramOnceInBothExecutions() {
        for (TorchScript.Execution execution : TorchScript.Execution.values()) {
            TorchScript script = new TorchScript(execution);
            String count = script.tensor("count", new float[] {1, 10}, 2);
            script.line("torch.add_(" + count + ", 1)");
            String unread = script.prepared("unread", "torch.full([2], 0.)");
            script.line("torch._foreach_add_(" + script.list("list", List.of(unread)) + ", 2)");
            script.results(count, unread);
            try (TorchModule module = load(script)) {
                module.forward();
                module.forward();
                assertArrayEquals(new float[] {4, 13, 6, 6}, module.results(), execution.name());
            }
        }
    }

    @Test
    void gradientsAreThoseOfTheParametersInTheirOrder() {
        TorchScript script = new TorchScript(TorchScript.Execution.RECORDED);
        String a = script.learned("a", Values.of(new float[] {2, 3}), 2);
        String b = script.learned("b", Values.of(new float[] {5, 7}), 2);
        String y = script.let("torch.mul(torch.mul(" + a + ", " + a + "), " + b + ")");
        script.results(script.gradients(y, script.tensor("dy", new float[] {1, 10}, 2), List.of(b, a)));
        try (TorchModule module = load(script)) {
            module.forward();
            assertArrayEquals(new float[] {4, 90, 20, 420}, module.results());
        }
    }

    @Test
    void theArgumentIsTheTensorOfTheModule() {
        for (TorchScript.Execution execution : TorchScript.Execution.values()) {
            TorchScript script = new TorchScript(execution);
            String x = script.argument("x", new float[] {1, 2, 3, 4}, 2, 2);
            script.results(script.let("torch.mm(" + x + ", " + x + ")"));
            try (TorchModule module = load(script)) {
                module.forward();
                assertArrayEquals(new float[] {7, 10, 15, 22}, module.results(), execution.name());
            }
        }
    }
}

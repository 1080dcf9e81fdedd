package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import tessella.engine.DType;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;

/** A Soft MoE layer as one writes it in PyTorch: einsums for routing, one batched product for each layer of all experts. */
final class TorchMixture {
    private static final String PREFIX = "moe";
    private static final String EPS = "1e-06";

    private final TorchWeights weights;
    private final TorchScript script;
    private final SoftMoeConfig config;
    private final int batch;
    private final int tokens;
    private final int width;

    TorchMixture(TorchWeights weights, TorchScript script, SoftMoeConfig config, int batch, int tokens, int width) {
        this.weights = weights;
        this.script = script;
        this.config = config;
        this.batch = batch;
        this.tokens = tokens;
        this.width = width;
    }

    /** The layer alone, loaded. */
    static Peer.Run prepare(Work.Mixture work) {
        return TorchRun.of(archive(work), TorchPeer.Form.EAGER);
    }

    private static TorchArchive archive(Work.Mixture work) {
        SoftMoeConfig config = new SoftMoeConfig(work.experts(), work.slots(), 1);
        TorchScript script = new TorchScript(TorchScript.execution(work.direction()));
        try (Parameters parameters = Parameters.initialized(SoftMoe.specs(PREFIX, work.width(), work.hidden(), config), DType.F32, 1);
                TorchWeights weights = new TorchWeights(script, parameters)) {
            long[] dims = {work.batch(), work.tokens(), work.width()};
            String x = script.learned("x", Values.of(Data.normal("x", dims)), dims);
            String y = new TorchMixture(weights, script, config, work.batch(), work.tokens(), work.width()).apply(x, PREFIX);
            List<String> results = new ArrayList<>(List.of(y));
            if (work.direction() == Direction.FORWARD_BACKWARD) {
                List<String> operands = new ArrayList<>(List.of(x));
                weights.all().forEach(weight -> operands.add(weight.expression()));
                results.addAll(script.gradients(y, script.tensor("dy", Data.normal("dy", dims), dims), operands));
            }
            script.results(results);
            return TorchArchive.of(script);
        }
    }

    /** The layer of this prefix on x [b, m, d]; weights are asked for in the order of our parameters. */
    String apply(String x, String prefix) {
        int n = config.experts();
        int p = config.slots();
        String xh = normalized(x, 2);
        String phi = weights.plain(prefix + ".router.phi");
        String phih = script.let("torch.mul(" + normalized(phi, 0) + ", " + weights.plain(prefix + ".router.scale") + ")");
        String logits = einsum("bmd,dnp->bmnp", xh, phih);
        String dispatch = script.let("torch.softmax(" + logits + ", 1)");
        String combine = script.let("torch.view(torch.softmax(torch.view(" + logits + ", " + List.of(batch, tokens, n * p) + "), 2), "
                + List.of(batch, tokens, n, p) + ")");
        String slots = script.let("torch.reshape(" + einsum("bmd,bmnp->nbpd", x, dispatch) + ", "
                + List.of(n, batch * p, width) + ")");
        String h = script.let("torch.gelu(" + layer(slots, prefix + ".experts.in") + ", approximate=\"tanh\")");
        String outputs = script.let("torch.view(" + layer(h, prefix + ".experts.out") + ", " + List.of(n, batch, p, width) + ")");
        return einsum("nbpd,bmnp->bmd", outputs, combine);
    }

    private String normalized(String x, int axis) {
        return script.let("torch.mul(" + x + ", torch.rsqrt(torch.add(torch.sum(torch.square(" + x + "), [" + axis + "], True), " + EPS
                + ")))");
    }

    private String einsum(String equation, String a, String b) {
        return script.let("torch.einsum(\"" + equation + "\", [" + a + ", " + b + "])");
    }

    /** x W + b of each expert. */
    private String layer(String x, String prefix) {
        String kernel = weights.plain(prefix + ".kernel");
        return script.let("torch.baddbmm(torch.unsqueeze(" + weights.plain(prefix + ".bias") + ", 1), " + x + ", " + kernel + ")");
    }
}

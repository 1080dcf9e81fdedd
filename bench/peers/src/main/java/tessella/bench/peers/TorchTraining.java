package tessella.bench.peers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import tessella.engine.DType;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** AdamW in the fused form of libtorch, one call for all kernels, which decay, and one for the rest; alone and in a training step. */
final class TorchTraining {
    private static final String BETA1 = "0.9";
    private static final String BETA2 = "0.999";
    private static final String EPS = "1e-08";

    private TorchTraining() {}

    /** A parameter, its gradient and its moments, as expressions. */
    private record Moved(String parameter, String gradient, String first, String second, boolean decays) {}

    /** The step alone. */
    static Peer.Run adam(Work.Adam work) {
        return TorchRun.stepping(() -> archive(work), 1);
    }

    private static TorchArchive archive(Work.Adam work) {
        TorchScript script = new TorchScript(TorchScript.Execution.INFERENCE);
        try (Parameters parameters = Parameters.initialized(Models.specs(work.preset()), DType.F32, 1);
                TorchWeights weights = new TorchWeights(script, parameters)) {
            List<String> gradients = new ArrayList<>();
            for (ParameterSpec spec : Models.specs(work.preset())) {
                weights.plain(spec.name());
                long[] dims = spec.shape().dims();
                gradients.add(script.tensor("d" + gradients.size(), Data.normal("d" + spec.name(), dims), dims));
            }
            update(script, weights.all(), gradients);
            script.results(weights.all().stream().map(TorchWeights.Weight::expression).toList());
            return TorchArchive.of(script);
        }
    }

    /** Forward, loss, gradient and AdamW; null if there is no source for the model. */
    static Peer.Run steps(Work.Step work) {
        return TorchTransformer.covers(Models.config(work.preset())) ? TorchRun.stepping(() -> archive(work), Work.Step.STEPS) : null;
    }

    private static TorchArchive archive(Work.Step work) {
        VitConfig config = Models.config(work.preset());
        TorchScript script = new TorchScript(TorchScript.Execution.RECORDED);
        try (VisionTransformer model = VisionTransformer.initialized(config, DType.F32, 1);
                TorchWeights weights = new TorchWeights(script, model.parameters())) {
            String logits = new TorchTransformer(weights, script, TorchPeer.Form.EAGER, config, work.batch()).logits();
            String loss = script.let("torch.cross_entropy_loss(" + logits + ", "
                    + TorchOperators.labels(script, work.batch(), config.classes()) + ")");
            List<String> gradients = script.gradients(loss, null,
                    weights.all().stream().map(TorchWeights.Weight::expression).toList());
            script.line("torch.set_grad_enabled(False)");
            update(script, weights.all(), gradients);
            script.results(loss);
            return TorchArchive.of(script);
        }
    }

    private static void update(TorchScript script, List<TorchWeights.Weight> weights, List<String> gradients) {
        List<Moved> moved = new ArrayList<>();
        for (int i = 0; i < weights.size(); i++) {
            String parameter = weights.get(i).expression();
            String zeros = "torch.zeros_like(torch.detach(" + parameter + "))";
            moved.add(new Moved(parameter, gradients.get(i), script.prepared("m" + i, zeros), script.prepared("v" + i, zeros),
                    weights.get(i).isKernel()));
        }
        String step = script.prepared("step", "torch.full([], 0.)");
        script.line("torch.add_(" + step + ", 1)");
        update(script, "decaying", moved.stream().filter(Moved::decays).toList(), step, StepBody.DECAY);
        update(script, "others", moved.stream().filter(one -> !one.decays()).toList(), step, 0);
    }

    private static void update(TorchScript script, String group, List<Moved> moved, String step, double decay) {
        script.line("torch._fused_adamw_(" + script.list(group, moved.stream().map(Moved::parameter).toList()) + ", ["
                + String.join(", ", moved.stream().map(Moved::gradient).toList()) + "], "
                + script.list("m_" + group, moved.stream().map(Moved::first).toList()) + ", "
                + script.list("v_" + group, moved.stream().map(Moved::second).toList()) + ", annotate(List[Tensor], []), "
                + script.list("steps_" + group, Collections.nCopies(moved.size(), step)) + ", lr=" + StepBody.RATE + ", beta1=" + BETA1
                + ", beta2=" + BETA2 + ", weight_decay=" + decay + ", eps=" + EPS + ", amsgrad=False, maximize=False)");
    }
}

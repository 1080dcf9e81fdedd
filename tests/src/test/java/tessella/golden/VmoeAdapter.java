package tessella.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Shape;
import tessella.models.moe.BalanceLosses;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Placement;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.models.vit.BlockForm;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;
import tessella.reference.Attributes;

/** A whole V-MoE, under the parameter names of the published code, with the noise that the file stores. */
final class VmoeAdapter implements Adapter {
    private record Seen(Case c, boolean noisy, Map<String, Tensor> values, Map<String, Tensor> losses) implements Observer {
        @Override
        public void see(String name, Tensor value) {
            values.put(name, value);
        }

        @Override
        public void addToLoss(String name, Supplier<Tensor> term) {
            losses.put(block(name), term.get());
        }

        @Override
        public Optional<Tensor> noise(String name, DType dtype, Shape shape) {
            return noisy ? Optional.of(Shapes.reshape(c.in("noise." + block(name)), shape.dims())) : Optional.empty();
        }

        private static String block(String name) {
            return name.replaceFirst("^blocks\\.([0-9]+)\\..*", "encoderblock_$1");
        }
    }

    @Override
    public void run(Case c) {
        VitConfig config = config(c.attrs());
        List<ParameterSpec> specs = VisionTransformer.specs(config);
        Map<String, String> names = new LinkedHashMap<>();
        specs.forEach(spec -> names.put(spec.name(), SoftMoeVitAdapter.published(spec.name())));
        Parameters parameters = c.parameters(specs, names);
        VisionTransformer model = new VisionTransformer(config, parameters);
        c.closeAfterwards(model);
        boolean noisy = !c.attrs().object("config").flag("deterministic");
        Seen seen = new Seen(c, noisy, new LinkedHashMap<>(), new LinkedHashMap<>());
        Tensor logits = model.logits(c.in("image"), seen);
        SparseMoeConfig moe = (SparseMoeConfig) config.moe();
        for (int i = 0; i < config.depth(); i++) {
            c.out("act.Encoder/encoderblock_" + i, seen.values().get("blocks." + i));
            if (moe.router() instanceof TokensChoice router && config.isMixture(i)) {
                losses(c, "encoderblock_" + i, seen, seen.values().get("blocks." + i + ".moe.logits"), moe, router);
            }
        }
        c.out("act.embedding", SoftMoeVitAdapter.embedding(c, config, parameters));
        c.out("act.Encoder/encoder_norm", seen.values().get("norm"));
        c.out("act.pre_logits", seen.values().get(config.representation() == 0 ? "features" : "representation"));
        c.out("logits", logits);
        Tensor labels = c.in("labels");
        Tensor main = Reductions.mean(c.attrs().text("loss").startsWith("softmax_xent")
                ? Losses.softmaxCrossEntropy(logits, labels) : Losses.sigmoidCrossEntropy(logits, labels));
        Optional<Tensor> added = seen.losses().values().stream().reduce(Elementwise::add);
        added.ifPresent(groups -> c.out("auxiliary_loss", groups));
        c.out("loss", added.map(groups -> Elementwise.add(main, Reductions.mean(groups))).orElse(main));
    }

    private static void losses(Case c, String block, Seen seen, Tensor logits, SparseMoeConfig moe, TokensChoice router) {
        long group = moe.group() * logits.dim(1);
        long groups = logits.shape().size() / moe.experts() / group;
        double std = moe.noise() / moe.experts();
        Tensor clean = Shapes.reshape(logits, groups, group, moe.experts());
        Function<Function<GateLogits, Tensor>, Tensor> each = loss -> Shapes.stack(0, Stream.iterate(0, g -> g < groups, g -> g + 1).map(g -> {
            Tensor own = Shapes.reshape(Shapes.slice(clean, 0, g, g + 1), group, moe.experts());
            return loss.apply(!seen.noisy() ? new GateLogits(own) : new GateLogits(own, Elementwise.add(own, Elementwise.scale(
                    Shapes.reshape(Shapes.slice(c.in("noise." + block), 0, g, g + 1), group, moe.experts()), std)), std));
        }).toArray(Tensor[]::new));
        c.out(block + ".auxiliary_loss", seen.losses().get(block));
        c.out(block + ".importance_loss", each.apply(l -> BalanceLosses.importance(Softmax.softmax(l.clean(), 1))));
        c.out(block + ".gshard_loss", each.apply(l -> BalanceLosses.gshard(l.gates())));
        if (seen.noisy()) {
            c.out(block + ".load_loss", each.apply(l -> BalanceLosses.load(l, router.chosen())));
        }
    }

    private static VitConfig config(Attributes attrs) {
        Attributes config = attrs.object("config");
        Attributes encoder = config.object("encoder");
        Attributes moe = encoder.object("moe");
        int[] image = attrs.integers("image");
        int patch = config.integers("patch_size")[0];
        int depth = encoder.integer("num_layers");
        int[] layers = moe.integers("layers");
        Head head = config.text("classifier").equals("token") ? Head.CLS : Head.GAP;
        int tokens = image[0] / patch * (image[1] / patch) + (head == Head.CLS ? 1 : 0);
        Placement placement = layers[0] == depth - layers.length ? Placement.LAST : Placement.ODD;
        return new VitConfig(image[0], image[1], 3, patch, config.integer("hidden_size"), depth, encoder.integer("mlp_dim"),
                encoder.integer("num_heads"), config.integer("num_classes"), Position.LEARNED, head,
                encoder.flag("attention_qk_norm") ? QkNorm.LAYER_NORM : QkNorm.NONE, BlockForm.SEQUENTIAL, 0,
                new SparseMoeConfig(moe.integer("num_experts"), layers.length, placement, moe.integer("group_size") / tokens,
                        moe.object("router").real("noise_std", 0), SparseRouters.of(moe.object("router"))),
                config.isNumber("representation_size") ? config.integer("representation_size") : 0);
    }
}

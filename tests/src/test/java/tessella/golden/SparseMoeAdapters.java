package tessella.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Indexing;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.moe.Assignment;
import tessella.models.moe.BalanceLosses;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.GateLogits;
import tessella.models.moe.SparseMoe;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;
import tessella.reference.Array;
import tessella.reference.Attributes;

/** The routers, balance losses and layers of sparse mixtures. */
final class SparseMoeAdapters {
    private SparseMoeAdapters() {}

    static Map<String, Adapter> all() {
        Map<String, Adapter> all = new LinkedHashMap<>();
        all.put("tokens_choice_router", SparseMoeAdapters::tokensChoice);
        all.put("experts_choice_router", SparseMoeAdapters::expertsChoice);
        all.put("sparse_moe_layer", SparseMoeAdapters::layer);
        all.put("importance_loss", c -> c.out("loss", BalanceLosses.importance(c.in("gates"))));
        all.put("gshard_loss", c -> c.out("loss", BalanceLosses.gshard(c.in("gates"))));
        all.put("load_loss", c -> c.out("loss", BalanceLosses.load(new GateLogits(c.in("logits"), c.in("logits_noisy"),
                c.attrs().real("noise_std")), c.attrs().integer("k"))));
        all.put("router_z_loss", c -> c.out("loss", BalanceLosses.routerZ(c.in("logits"))));
        return all;
    }

    /** The logits of each group. */
    private static List<GateLogits> logits(Case c) {
        Attributes attrs = c.attrs();
        boolean noisy = attrs.flag("noisy");
        double std = noisy ? attrs.real("noise_std") / attrs.integer("experts") : 0;
        List<GateLogits> groups = new ArrayList<>();
        for (int g = 0; g < attrs.integer("groups"); g++) {
            Tensor clean = LinearAlgebra.matmul(group(c.in("x"), g), c.param("kernel"));
            groups.add(noisy ? new GateLogits(clean, Elementwise.add(clean, Elementwise.scale(group(c.in("noise"), g), std)), std)
                    : new GateLogits(clean));
        }
        return groups;
    }

    private static Tensor group(Tensor x, int g) {
        return Shapes.reshape(Shapes.slice(x, 0, g, g + 1), x.dim(1), x.dim(2));
    }

    private static Tensor each(List<GateLogits> groups, Function<GateLogits, Tensor> value) {
        return Shapes.stack(0, groups.stream().map(value).toArray(Tensor[]::new));
    }

    private static void tokensChoice(Case c) {
        Attributes attrs = c.attrs();
        int k = attrs.integer("k");
        TokensChoice router = new TokensChoice(k, SparseRouters.capacity(attrs, "ceil", "capacity_given"), SparseRouters.priority(attrs),
                SparseRouters.balance(attrs));
        // with room for all, the row of a token is the one it would have before any is dropped
        TokensChoice roomy = new TokensChoice(k, new Capacity.Fixed(attrs.integer("tokens")), router.priority(), router.balance());
        List<GateLogits> groups = logits(c);
        List<Assignment> kept = groups.stream().map(router::route).toList();
        List<Assignment> all = groups.stream().map(roomy::route).toList();
        combine(c, kept);
        c.out("gates", each(groups, GateLogits::gates));
        c.out("selected_gate", each(groups, logits -> Indexing.topK(logits.gates(), k).values()));
        int[] experts = groups.stream().flatMapToInt(logits -> Arrays.stream(Indexing.topK(logits.gates(), k).indices())).toArray();
        c.out("expert_index", c.indices("expert_index", experts));
        int[] rows = new int[experts.length];
        int[] isKept = new int[experts.length];
        int perGroup = experts.length / groups.size();
        for (int i = 0; i < experts.length; i++) {
            int group = i / perGroup;
            int token = i % perGroup / k;
            rows[i] = row(all.get(group), experts[i], token);
            isKept[i] = row(kept.get(group), experts[i], token) < 0 ? 0 : 1;
        }
        c.out("buffer_index", c.indices("buffer_index", rows));
        c.out("kept", c.indices("kept", isKept));
        c.out("importance_loss", each(groups, logits -> BalanceLosses.importance(Softmax.softmax(logits.clean(), 1))));
        c.out("gshard_loss", each(groups, logits -> BalanceLosses.gshard(logits.gates())));
        if (attrs.flag("noisy")) {
            c.out("load_loss", each(groups, logits -> BalanceLosses.load(logits, k)));
        }
        c.out("auxiliary_loss", each(groups, logits -> router.loss(logits).orElseGet(() ->
                Tensor.of(NdArray.zeros(Scope.current(), c.dtype(), Shape.of())))));
    }

    private static int row(Assignment assignment, int expert, int token) {
        int[] tokens = assignment.tokens(expert);
        for (int row = 0; row < tokens.length; row++) {
            if (tokens[row] == token) {
                return row;
            }
        }
        return -1;
    }

    /** The weights [G, S, E, C] of tokens in the rows of experts, and where they are. */
    private static void combine(Case c, List<Assignment> groups) {
        int capacity = c.attrs().integer("capacity");
        List<Tensor> weights = new ArrayList<>();
        List<Integer> mask = new ArrayList<>();
        for (Assignment group : groups) {
            int experts = group.experts();
            int[] ones = new int[Math.toIntExact(group.weights().shape().size()) * capacity];
            List<Integer> from = new ArrayList<>();
            List<Integer> to = new ArrayList<>();
            for (int e = 0; e < experts; e++) {
                for (int row = 0; row < group.rows(e); row++) {
                    int pair = group.tokens(e)[row] * experts + e;
                    from.add(pair);
                    to.add(pair * capacity + row);
                    ones[to.getLast()] = 1;
                }
            }
            Tensor zeros = Tensor.of(NdArray.zeros(Scope.current(), c.dtype(), Shape.of(ones.length)));
            Tensor values = Indexing.indexSelect(Shapes.reshape(group.weights(), ones.length / capacity), 0, ints(from));
            weights.add(Shapes.reshape(Indexing.scatterAdd(zeros, 0, ints(to), values), group.weights().dim(0), experts, capacity));
            Arrays.stream(ones).forEach(mask::add);
        }
        c.out("combine", Shapes.stack(0, weights.toArray(Tensor[]::new)));
        c.out("dispatch_mask", c.indices("dispatch_mask", ints(mask)));
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(i -> i).toArray();
    }

    private static void expertsChoice(Case c) {
        ExpertsChoice router = new ExpertsChoice(SparseRouters.capacity(c.attrs(), "round", "capacity_given"));
        List<GateLogits> groups = logits(c);
        List<Assignment> assigned = groups.stream().map(router::route).toList();
        combine(c, assigned);
        c.out("gates", each(groups, GateLogits::gates));
        List<Integer> tokens = new ArrayList<>();
        for (Assignment group : assigned) {
            for (int e = 0; e < group.experts(); e++) {
                Arrays.stream(group.tokens(e)).forEach(tokens::add);
            }
        }
        c.out("token_index", c.indices("token_index", ints(tokens)));
        for (String name : c.file().names("out.metric.")) {
            c.out("metric." + name, Array.of(new int[] {groups.size()}, assigned.stream().mapToDouble(group -> metric(group, name)).toArray()));
        }
    }

    /** A metric of the published code for one group. */
    private static double metric(Assignment group, String name) {
        int experts = group.experts();
        double[] w = group.weights().toDoubles();
        int[] served = new int[w.length / experts];
        double max = 0;
        double min = 1;
        for (int e = 0; e < experts; e++) {
            for (int token : group.tokens(e)) {
                served[token]++;
                max = Math.max(max, w[token * experts + e]);
                min = Math.min(min, w[token * experts + e]);
            }
        }
        return switch (name) {
            case "max_selected_gate" -> max;
            case "min_selected_gate" -> min;
            case "num_experts_per_item_max" -> Arrays.stream(served).max().orElseThrow();
            case "num_experts_per_item_min" -> Arrays.stream(served).min().orElseThrow();
            default -> {
                int least = Integer.parseInt(name.replaceAll("\\D", ""));
                yield (double) Arrays.stream(served).filter(n -> n >= least).count() / served.length;
            }
        };
    }

    private static void layer(Case c) {
        Attributes attrs = c.attrs();
        Attributes router = attrs.object("router");
        Experts experts = new Experts(c.param("Mlp/Dense_0/kernel"), c.param("Mlp/Dense_0/bias"),
                c.param("Mlp/Dense_1/kernel"), c.param("Mlp/Dense_1/bias"));
        SparseMoe layer = new SparseMoe("moe", c.param("Router/dense/kernel"), SparseRouters.of(router), experts, attrs.integer("group_size"),
                router.real("noise_std", 0));
        c.out("y", layer.apply(c.in("x"), new Outside(name -> attrs.flag("noisy") ? c.in("noise") : null,
                (name, losses) -> c.out("auxiliary_loss", losses))));
    }

    /** Gives the noise that a file stores, and takes the losses of groups. */
    record Outside(Function<String, Tensor> stored, Observer losses) implements Observer {
        @Override
        public void see(String name, Tensor value) {}

        @Override
        public void addToLoss(String name, Supplier<Tensor> term) {
            losses.see(name, term.get());
        }

        @Override
        public Optional<Tensor> noise(String name, DType dtype, Shape shape) {
            return Optional.ofNullable(stored.apply(name)).map(noise -> Shapes.reshape(noise, shape.dims()));
        }
    }
}

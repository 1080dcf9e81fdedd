package tessella.models.moe;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Elementwise.mul;
import static tessella.autodiff.Elementwise.scale;
import static tessella.autodiff.Indexing.indexSelect;
import static tessella.autodiff.Indexing.segmentSum;
import static tessella.autodiff.LinearAlgebra.matmul;
import static tessella.autodiff.Shapes.concat;
import static tessella.autodiff.Shapes.reshape;
import static tessella.autodiff.Shapes.slice;
import static tessella.autodiff.Shapes.stack;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Experts;
import tessella.models.nn.Initializer;
import tessella.models.nn.Layer;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/**
 * A sparse mixture of experts (Riquelme et al., Scaling Vision with Sparse Mixture of Experts, NeurIPS 2021): y_t = sum over the
 * experts e that work on token t of w_te f_e(x_t), 0 for a token that none works on. The tokens of a batch are cut into groups
 * that lie one after the other; the router assigns each group on its own. Experts get the tokens as they are, copied side by
 * side, and cost what the busiest of them has; where at most half of them have a token the others cost nothing.
 *
 * <p>The gradient flows through the kept tokens and through the weights: from those of kept pairs back through the router, and so
 * to the logits of all experts. What is chosen is constant.
 */
public final class SparseMoe implements Layer {
    private final String prefix;
    private final Tensor kernel;
    private final Router router;
    private final Experts experts;
    private final int group;
    private final double noise;

    /** The layer whose parameters start with prefix, of a model of so many tokens an image. */
    public SparseMoe(Parameters parameters, String prefix, SparseMoeConfig config, int tokens) {
        this(prefix, parameters.get(prefix + ".router.kernel").tensor(), config.router(),
                new Experts(parameters, prefix + ".experts"), Math.multiplyExact(config.group(), tokens), config.noise());
    }

    /**
     * A layer of these parts.
     *
     * @param prefix names its values
     * @param kernel W [d, E]
     * @param router who chooses whom
     * @param experts f, E of them
     * @param group S, the tokens that are routed together
     * @param noise sigma of the noise of training
     * @throws IllegalArgumentException if the kernel is no matrix, or a group has no token
     */
    public SparseMoe(String prefix, Tensor kernel, Router router, Experts experts, int group, double noise) {
        if (kernel.shape().rank() != 2 || group < 1) {
            throw new IllegalArgumentException("sparse moe: expected a kernel [width, experts] and groups of at least 1 token, "
                    + "found " + kernel.shape() + " and " + group);
        }
        this.prefix = prefix;
        this.kernel = kernel;
        this.router = router;
        this.experts = experts;
        this.group = group;
        this.noise = noise;
    }

    /**
     * Its parameters: the router's kernel LeCun normal, without a bias; all experts start bit-identical, as in the published
     * code.
     */
    public static List<ParameterSpec> specs(String prefix, long width, long hidden, SparseMoeConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec(prefix + ".router.kernel", Shape.of(width, config.experts()),
                Initializer.lecunNormal(width)));
        specs.addAll(Experts.specs(prefix + ".experts", width, hidden, config.experts(), Experts.Start.IDENTICAL));
        return specs;
    }

    /**
     * Tokens [b, m, d] to y of the same shape. The observer sees prefix.logits, without noise, and prefix.combine, the weights of
     * the kept pairs and 0 elsewhere, both [b, m, E]; it is given the losses of the groups [G], and asked for noise [b, m, E].
     */
    @Override
    public Tensor apply(Tensor x, Observer observer) {
        long b = x.dim(0);
        long m = x.dim(1);
        int all = Math.toIntExact(b * m);
        if (all == 0) {
            return Tensor.of(NdArray.zeros(Scope.current(), x.dtype(), x.shape()));
        }
        Tensor tokens = reshape(x, all, x.dim(2));                                      // [b m, d]
        Tensor clean = matmul(tokens, kernel);                                          // [b m, E]
        int e = Math.toIntExact(kernel.dim(1));
        Optional<Tensor> drawn = noise == 0 ? Optional.empty() : observer.noise(prefix + ".noise", x.dtype(), Shape.of(b, m, e));
        double std = drawn.isPresent() ? noise / e : 0;
        Tensor noisy = drawn.map(z -> add(clean, scale(reshape(z, all, e), std))).orElse(clean);
        List<GateLogits> logits = IntStream.range(0, Math.ceilDiv(all, group)).mapToObj(g ->
                group(clean, noisy, std, g * group, Math.min(all, (g + 1) * group))).toList();
        List<Assignment> groups = logits.stream().map(router::route).toList();
        if (router.hasLoss()) {
            observer.addToLoss(prefix + ".loss", () ->
                    stack(0, logits.stream().flatMap(l -> router.loss(l).stream()).toArray(Tensor[]::new)));  // [G]
        }
        Tensor weights = joined(groups);                                                // [b m, E]
        int[] busy = Dispatch.busy(groups);
        boolean few = 2 * busy.length <= e && !experts.arePacked();
        Dispatch dispatch = new Dispatch(groups, few ? busy : IntStream.range(0, e).toArray());
        if (observer != Observer.NONE) {
            observer.see(prefix + ".logits", reshape(clean, b, m, e));
            observer.see(prefix + ".combine", reshape(mul(weights, kept(dispatch, weights)), b, m, e));
        }
        if (busy.length == 0) {
            return Tensor.of(NdArray.zeros(Scope.current(), x.dtype(), x.shape()));
        }
        return reshape(combine(dispatch, tokens, weights, few ? experts.only(busy) : experts), b, m, x.dim(2));
    }

    private static GateLogits group(Tensor clean, Tensor noisy, double std, int from, int to) {
        boolean whole = from == 0 && to == clean.dim(0);
        Tensor own = whole ? clean : slice(clean, 0, from, to);
        return new GateLogits(own, noisy == clean ? own : whole ? noisy : slice(noisy, 0, from, to), std);
    }

    private static Tensor joined(List<Assignment> groups) {
        return groups.size() == 1 ? groups.getFirst().weights()
                : concat(0, groups.stream().map(Assignment::weights).toArray(Tensor[]::new));
    }

    private static Tensor combine(Dispatch dispatch, Tensor tokens, Tensor weights, Experts experts) {
        int n = dispatch.experts.length;
        int pairs = dispatch.tokens.length;
        long d = tokens.dim(1);
        Tensor rows = reshape(indexSelect(tokens, 0, dispatch.gathered), n, 1, dispatch.rows, d);
        Tensor outputs = reshape(experts.apply(rows), (long) n * dispatch.rows, d);     // f_e(x_t), and of padding
        Tensor kept = pairs == n * dispatch.rows ? outputs : indexSelect(outputs, 0, dispatch.places);
        Tensor w = indexSelect(reshape(weights, weights.shape().size()), 0, dispatch.weights);
        return segmentSum(mul(kept, reshape(w, pairs, 1)), dispatch.tokens, Math.toIntExact(tokens.dim(0)));
    }

    /** 1 for every pair, 0 elsewhere, in the shape of the weights. */
    private static Tensor kept(Dispatch dispatch, Tensor weights) {
        double[] ones = new double[Math.toIntExact(weights.shape().size())];
        for (int pair : dispatch.weights) {
            ones[pair] = 1;
        }
        NdArray mask = NdArray.empty(Scope.current(), weights.dtype(), weights.shape());
        mask.copyFrom(ones);
        return Tensor.of(mask);
    }

    /**
     * Multiply-adds for one image of m tokens, its share of a full group: m d E for the router, and 2 d h for each row of the
     * experts, used or not. Copying tokens to experts and back is no product.
     */
    public static long multiplyAdds(long tokens, long width, long hidden, SparseMoeConfig config) {
        return tokens * width * config.experts()
                + config.router().rows(config.group() * tokens, config.experts()) * 2 * width * hidden / config.group();
    }
}

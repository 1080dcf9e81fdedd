package tessella.reference;

/**
 * Soft mixture of experts, written out from its definition. Tokens x {@code [G, m, d]} (G sequences), slot parameters
 * mu {@code [d, n, p]} (n experts, p slots each), a scalar scale, expert MLPs {@code d -> h -> d} with tanh-GELU.
 *
 * <p>{@code L = scale normalise(x) normalise(mu)}; dispatch D: softmax of L over the m tokens; combine C: softmax of L
 * over the n p slots jointly; slots {@code D^T x} of the tokens as they are (not normalised); {@code y = C f(slots)}.
 */
public final class SoftMoeOracle {
    private static final double EPS = 1e-6;
    private static final String LOGITS = "gmd,dnp->gmnp";
    private static final String DISPATCH = "gmd,gmnp->gnpd";
    private static final String EXPERT = "gnpd,ndf->gnpf";
    private static final String COMBINE = "gmnp,gnpd->gmd";

    private SoftMoeOracle() {}

    /** The router's two sets of weights, each {@code [G, m, n, p]}. */
    public record Weights(Array dispatch, Array combine) {}

    /** What the router learns. */
    public record Router(Array mu, Array scale) {}

    /** The experts: w1 {@code [n, d, h]}, b1 {@code [n, h]}, w2 {@code [n, h, d]}, b2 {@code [n, d]}. */
    public record Experts(Array w1, Array b1, Array w2, Array b2) {}

    /** The gradients of the router. */
    public record RouterGradients(Array x, Array mu, Array scale) {}

    /** The gradients of the experts with respect to their slots and parameters. */
    public record ExpertGradients(Array slots, Experts experts) {}

    /** The gradients of the mixing alone, given fixed weights. */
    public record MixGradients(Array x, Array dispatch, Array combine, Experts experts) {}

    /** The gradients of the whole layer. */
    public record LayerGradients(Array x, Router router, Experts experts) {}

    /** Dispatch and combine weights. */
    public static Weights route(Array x, Router router) {
        Array logits = logits(x, router);
        return new Weights(SoftmaxOracle.softmax(logits, 1), SoftmaxOracle.softmax(logits, 2, 3));
    }

    /** The gradient of the weights: both softmaxes back to L, then through the two normalisations. */
    public static RouterGradients routeVjp(Array x, Router router, Weights dy) {
        Array logits = logits(x, router);
        Array dLogits = SoftmaxOracle.softmaxVjp(logits, dy.dispatch(), 1)
                .plus(SoftmaxOracle.softmaxVjp(logits, dy.combine(), 2, 3));
        Array unitX = NormOracle.l2Normalize(x, -1, EPS);
        Array unitMu = NormOracle.l2Normalize(router.mu(), 0, EPS);
        double scale = router.scale().item();
        double dScale = dLogits.dot(EinsumOracle.einsum(LOGITS, unitX, unitMu));
        var product = EinsumOracle.einsumVjp(LOGITS, dLogits.times(scale), unitX, unitMu);
        return new RouterGradients(NormOracle.l2NormalizeVjp(x, -1, EPS, product.get(0)),
                NormOracle.l2NormalizeVjp(router.mu(), 0, EPS, product.get(1)), Array.scalar(dScale));
    }

    /** Every slot through the MLP of its own expert: {@code [G, n, p, d]} to {@code [G, n, p, d]}. */
    public static Array experts(Array slots, Experts e) {
        return output(ElementwiseOracle.geluTanh(hidden(slots, e)), e);
    }

    /** The gradient of {@link #experts}. */
    public static ExpertGradients expertsVjp(Array slots, Experts e, Array dy) {
        Array hidden = hidden(slots, e);
        Array active = ElementwiseOracle.geluTanh(hidden);
        var second = EinsumOracle.einsumVjp(EXPERT, dy, active, e.w2());
        Array dHidden = ElementwiseOracle.geluTanhVjp(hidden, second.get(0));
        var first = EinsumOracle.einsumVjp(EXPERT, dHidden, slots, e.w1());
        return new ExpertGradients(first.get(0), new Experts(first.get(1), biasGradient(dHidden, e.b1()),
                second.get(1), biasGradient(dy, e.b2())));
    }

    /** The layer under given weights: dispatch, experts, combine. Result {@code [G, m, d]}. */
    public static Array mix(Array x, Weights weights, Experts e) {
        Array slots = EinsumOracle.einsum(DISPATCH, x, weights.dispatch());
        return EinsumOracle.einsum(COMBINE, weights.combine(), experts(slots, e));
    }

    /** The gradient of {@link #mix}, the weights being inputs like any other. */
    public static MixGradients mixVjp(Array x, Weights weights, Experts e, Array dy) {
        Array slots = EinsumOracle.einsum(DISPATCH, x, weights.dispatch());
        var combine = EinsumOracle.einsumVjp(COMBINE, dy, weights.combine(), experts(slots, e));
        ExpertGradients inner = expertsVjp(slots, e, combine.get(1));
        var dispatch = EinsumOracle.einsumVjp(DISPATCH, inner.slots(), x, weights.dispatch());
        return new MixGradients(dispatch.get(0), dispatch.get(1), combine.get(0), inner.experts());
    }

    /** The Soft MoE layer: {@code mix} under the weights of {@code route}. */
    public static Array layer(Array x, Router router, Experts e) {
        return mix(x, route(x, router), e);
    }

    /** The gradient of the layer: x receives it on two paths, as what is mixed and as what is routed by. */
    public static LayerGradients layerVjp(Array x, Router router, Experts e, Array dy) {
        MixGradients mixed = mixVjp(x, route(x, router), e, dy);
        RouterGradients routed = routeVjp(x, router, new Weights(mixed.dispatch(), mixed.combine()));
        return new LayerGradients(mixed.x().plus(routed.x()), new Router(routed.mu(), routed.scale()),
                mixed.experts());
    }

    /** Uniform dispatch weights {@code 1 / m}. */
    public static Array uniformDispatch(int groups, int m, int n, int p) {
        return Array.full(new int[] {groups, m, n, p}, 1.0 / m);
    }

    /** Uniform combine weights {@code 1 / (n p)}. */
    public static Array uniformCombine(int groups, int m, int n, int p) {
        return Array.full(new int[] {groups, m, n, p}, 1.0 / (n * p));
    }

    /** The weights that send token i to slot {@code i div n} of expert {@code i mod n}: needs {@code n p = m}. */
    public static Array identityWeights(int groups, int m, int n, int p) {
        return Array.fill(new int[] {groups, m, n, p}, i -> i[1] % n == i[2] && i[1] / n == i[3] ? 1 : 0);
    }

    private static Array logits(Array x, Router router) {
        return EinsumOracle.einsum(LOGITS, NormOracle.l2Normalize(x, -1, EPS),
                NormOracle.l2Normalize(router.mu(), 0, EPS)).times(router.scale().item());
    }

    private static Array hidden(Array slots, Experts e) {
        return EinsumOracle.einsum(EXPERT, slots, e.w1()).plus(perExpert(e.b1()));
    }

    private static Array output(Array active, Experts e) {
        return EinsumOracle.einsum(EXPERT, active, e.w2()).plus(perExpert(e.b2()));
    }

    private static Array perExpert(Array bias) {
        return bias.reshape(bias.dim(0), 1, bias.dim(1));
    }

    private static Array biasGradient(Array dy, Array bias) {
        return dy.sumTo(bias.dim(0), 1, bias.dim(1)).reshape(bias.shape());
    }
}

package tessella.models.moe;

import java.util.List;
import tessella.models.nn.Layer;
import tessella.models.nn.MixtureConfig;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/**
 * The mixture layers of a sparse transformer.
 *
 * @param experts E
 * @param layers how many blocks have a mixture in place of the MLP
 * @param placement which ones
 * @param group images whose tokens are routed together, and compete for room; the rest of a batch is a smaller group
 * @param noise sigma: training adds N(0, (sigma/E)^2) to the logits; 0 for none
 * @param router who chooses whom
 */
public record SparseMoeConfig(int experts, int layers, Placement placement, int group, double noise, Router router)
        implements MixtureConfig {
    /** Checks the extents, and that the router can work with them. */
    public SparseMoeConfig {
        if (experts < 1 || layers < 0 || group < 1 || !(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("sparse moe: expected at least 1 expert, 0 layers, groups of 1 image and noise "
                    + "of 0, found " + experts + ", " + layers + ", " + group + " and " + noise);
        }
        router.check(experts, noise);
    }

    @Override
    public List<Integer> blocks(int depth) {
        return placement.blocks(layers, depth);
    }

    @Override
    public void check(int depth, int tokens) {
        blocks(depth);
        router.rows((long) group * tokens, experts);
    }

    @Override
    public List<ParameterSpec> specs(String prefix, long width, long hidden) {
        return SparseMoe.specs(prefix, width, hidden, this);
    }

    @Override
    public Layer layer(Parameters parameters, String prefix, int tokens) {
        return new SparseMoe(parameters, prefix, this, tokens);
    }

    @Override
    public boolean hasLoss() {
        return router.hasLoss();
    }

    @Override
    public long multiplyAdds(long tokens, long width, long hidden) {
        return SparseMoe.multiplyAdds(tokens, width, hidden, this);
    }

    /** These layers: capacities follow the tokens of a group. */
    @Override
    public SparseMoeConfig forTokens(int tokens) {
        return this;
    }

    @Override
    public SparseMoeConfig withLayers(int other) {
        return new SparseMoeConfig(experts, other, placement, group, noise, router);
    }

    @Override
    public String describe() {
        String blocks = placement == Placement.LAST ? " blocks, the last" : " blocks, the last odd ones";
        return experts + " experts in " + layers + blocks + ", groups of " + group + " images, noise " + noise + ", "
                + router.describe();
    }
}

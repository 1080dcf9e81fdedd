package tessella.models.softmoe;

import java.util.List;
import java.util.stream.IntStream;
import tessella.models.nn.Layer;
import tessella.models.nn.MixtureConfig;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/**
 * The mixture layers of a Soft MoE transformer.
 *
 * @param experts n
 * @param slots p, slots of each expert
 * @param layers how many blocks, from the last, have a mixture in place of the MLP
 * @param dispatch how slots are mixed from tokens
 * @param combine how tokens are mixed from slots
 */
public record SoftMoeConfig(int experts, int slots, int layers, Mixing dispatch, Mixing combine) implements MixtureConfig {
    /** Checks the extents. */
    public SoftMoeConfig {
        if (experts < 1 || slots < 1 || layers < 0) {
            throw new IllegalArgumentException("soft moe: expected at least 1 expert, 1 slot and 0 layers, found " + experts
                    + ", " + slots + " and " + layers);
        }
        if ((dispatch == Mixing.IDENTITY) != (combine == Mixing.IDENTITY)) {
            throw new IllegalArgumentException("soft moe: identity mixing holds for dispatch and combine together, found "
                    + dispatch + " and " + combine);
        }
    }

    /** Soft dispatch and combine. */
    public SoftMoeConfig(int experts, int slots, int layers) {
        this(experts, slots, layers, Mixing.SOFT, Mixing.SOFT);
    }

    /** Whether there is a router to learn. */
    public boolean hasRouter() {
        return dispatch == Mixing.SOFT || combine == Mixing.SOFT;
    }

    @Override
    public List<Integer> blocks(int depth) {
        if (layers > depth) {
            throw new IllegalArgumentException("soft moe: expected at most " + depth + " mixture layers, found " + layers);
        }
        return IntStream.range(depth - layers, depth).boxed().toList();
    }

    @Override
    public List<ParameterSpec> specs(String prefix, long width, long hidden) {
        return SoftMoe.specs(prefix, width, hidden, this);
    }

    @Override
    public Layer layer(Parameters parameters, String prefix, int tokens) {
        return new SoftMoe(parameters, prefix, this);
    }

    /** No: every slot is filled, and nothing needs a balance. */
    @Override
    public boolean hasLoss() {
        return false;
    }

    @Override
    public long multiplyAdds(long tokens, long width, long hidden) {
        return SoftMoe.multiplyAdds(tokens, width, hidden, this);
    }

    /** The same experts, with about one slot a token. */
    @Override
    public SoftMoeConfig forTokens(int tokens) {
        return new SoftMoeConfig(experts, slotsFor(tokens, experts, 1), layers, dispatch, combine);
    }

    @Override
    public SoftMoeConfig withLayers(int other) {
        return new SoftMoeConfig(experts, slots, other, dispatch, combine);
    }

    @Override
    public String describe() {
        return experts + " experts x " + slots + " slots in the last " + layers + " blocks, dispatch " + dispatch + ", combine "
                + combine;
    }

    /**
     * Slots of each expert when only a capacity factor is given: p = round(m factor / n), a half rounded to even, as the
     * published configurations count (24.5 becomes 24).
     *
     * @throws IllegalArgumentException if that is below 1
     */
    public static int slotsFor(int tokens, int experts, double capacityFactor) {
        int slots = (int) Math.rint(tokens * capacityFactor / experts);
        if (slots < 1) {
            throw new IllegalArgumentException("soft moe: expected at least 1 slot an expert, found " + tokens + " tokens times "
                    + capacityFactor + " over " + experts + " experts; use fewer experts or a larger factor");
        }
        return slots;
    }
}

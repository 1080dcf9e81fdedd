package tessella.models.vit;

import java.util.List;
import java.util.Map;
import tessella.models.nn.MixtureConfig;
import tessella.models.nn.QkNorm;

/**
 * A vision transformer, with or without mixtures of experts; the fields are those of the papers.
 *
 * @param height image height in pixels
 * @param width image width in pixels
 * @param channels image channels
 * @param patch side P of a patch
 * @param dim model width D
 * @param depth number of blocks L
 * @param mlp hidden width F of the MLP, and of an expert
 * @param heads attention heads A
 * @param classes number of classes K
 * @param position position embedding
 * @param head pooling
 * @param qkNorm normalisation of queries and keys
 * @param form form of the blocks, and the norms and biases that go with it
 * @param headBias initial bias of the classifier, -ln K in the Soft MoE paper
 * @param moe the mixture layers, or null for a dense model
 * @param representation width of a layer with tanh before the classifier (V-MoE), or 0 for none
 */
public record VitConfig(int height, int width, int channels, int patch, int dim, int depth, int mlp, int heads, int classes,
        Position position, Head head, QkNorm qkNorm, BlockForm form, double headBias, MixtureConfig moe, int representation) {

    /** Checks what must divide what. */
    public VitConfig {
        if (dim < 1 || depth < 1 || mlp < 1 || heads < 1 || classes < 1 || channels < 1 || patch < 1) {
            throw new IllegalArgumentException("vit: expected positive extents, found width " + dim + ", depth " + depth
                    + ", mlp " + mlp + ", heads " + heads + ", classes " + classes + ", channels " + channels + ", patch " + patch);
        }
        if (dim % heads != 0) {
            throw new IllegalArgumentException("vit: expected a width that " + heads + " heads divide, found " + dim);
        }
        if (height < patch || width < patch) {
            throw new IllegalArgumentException("vit: expected an image of at least one patch of side " + patch + ", found "
                    + height + " x " + width);
        }
        if (position == Position.SINCOS_2D && (dim % 4 != 0 || dim < 8)) {
            throw new IllegalArgumentException("vit: sincos2d positions expect a width of at least 8 that 4 divides, found "
                    + dim);
        }
        if (representation < 0) {
            throw new IllegalArgumentException("vit: expected a representation of at least 1, or 0 for none, found "
                    + representation);
        }
        if (moe != null) {
            moe.check(depth, tokens(height, width, patch, head));
        }
    }

    /** A model whose classifier reads the pooled tokens themselves. */
    public VitConfig(int height, int width, int channels, int patch, int dim, int depth, int mlp, int heads, int classes,
            Position position, Head head, QkNorm qkNorm, BlockForm form, double headBias, MixtureConfig moe) {
        this(height, width, channels, patch, dim, depth, mlp, heads, classes, position, head, qkNorm, form, headBias, moe, 0);
    }

    /** A model of sequential blocks. */
    public VitConfig(int height, int width, int channels, int patch, int dim, int depth, int mlp, int heads, int classes,
            Position position, Head head, QkNorm qkNorm, double headBias, MixtureConfig moe) {
        this(height, width, channels, patch, dim, depth, mlp, heads, classes, position, head, qkNorm, BlockForm.SEQUENTIAL,
                headBias, moe);
    }

    /** Rows of the patch grid. */
    public int gridRows() {
        return height / patch;
    }

    /** Columns of the patch grid. */
    public int gridColumns() {
        return width / patch;
    }

    /** Tokens m, the class token counted. */
    public int tokens() {
        return tokens(height, width, patch, head);
    }

    private static int tokens(int height, int width, int patch, Head head) {
        return (height / patch) * (width / patch) + (head == Head.CLS ? 1 : 0);
    }

    /** Whether block i has a mixture in place of the MLP. */
    public boolean isMixture(int block) {
        return moe != null && moe.blocks(depth).contains(block);
    }

    /** Width of what the classifier reads. */
    int features() {
        return representation == 0 ? dim : representation;
    }

    /** Number of parameters, from shapes alone. */
    public long parameterCount() {
        return VisionTransformer.specs(this).stream().mapToLong(spec -> spec.shape().size()).sum();
    }

    /** Multiply-adds of one forward pass of one image; matrix products only. */
    public long multiplyAdds() {
        long m = tokens();
        long patches = (long) gridRows() * gridColumns();
        long macs = patches * patch * patch * channels * dim + (long) dim * representation + (long) features() * classes;
        for (int i = 0; i < depth; i++) {
            macs += 4 * m * dim * dim + 2 * m * m * dim;
            macs += isMixture(i) ? moe.multiplyAdds(m, dim, mlp) : 2 * m * dim * mlp;
        }
        if (head == Head.MAP) {
            macs += 2L * dim * dim + 2 * m * dim * dim + 2 * m * dim + 2L * dim * mlp;
        }
        return macs;
    }

    /** This model for other images and classes; a mixture keeps its experts. */
    public VitConfig forImages(int newHeight, int newWidth, int newChannels, int newPatch, int newClasses) {
        VitConfig dense = new VitConfig(newHeight, newWidth, newChannels, newPatch, dim, depth, mlp, heads, newClasses, position,
                head, qkNorm, form, headBias, null, representation);
        return moe == null ? dense : dense.withMoe(moe.forTokens(dense.tokens()));
    }

    /** This model with other mixture layers, or with none (null). */
    public VitConfig withMoe(MixtureConfig other) {
        return new VitConfig(height, width, channels, patch, dim, depth, mlp, heads, classes, position, head, qkNorm, form,
                headBias, other, representation);
    }

    /** The configuration as a JSON object, for checkpoints. */
    public Map<String, Object> toJson() {
        return ConfigJson.write(this);
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException if a field is missing or has another type
     */
    public static VitConfig fromJson(Object json) {
        return ConfigJson.read(json);
    }

    /** Names of the presets that {@link #preset} knows. */
    public static List<String> presets() {
        return Presets.names();
    }

    /**
     * A published model, or one of the small ones for a CPU, by name, such as "soft-moe-b16-128e" or "vit-tiny".
     *
     * @throws IllegalArgumentException if there is none of this name; the message lists them
     */
    public static VitConfig preset(String name) {
        return Presets.of(name);
    }
}

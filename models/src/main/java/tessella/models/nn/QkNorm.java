package tessella.models.nn;

/** What is done to queries and keys before their product. */
public enum QkNorm {
    /** Nothing. */
    NONE,
    /** LayerNorm over each head, scale only, the scale shared by the heads (ViT-22B; on in Soft MoE). */
    LAYER_NORM
}

package tessella.models.vit;

/** How the tokens of an image become one vector, after the last norm. */
public enum Head {
    /** A learned class token, put before the others, is read out. */
    CLS,
    /** The mean of all tokens (global average pooling). */
    GAP,
    /** Multi-head attention pooling: a learned probe attends to the tokens, then an MLP with a residual. */
    MAP
}

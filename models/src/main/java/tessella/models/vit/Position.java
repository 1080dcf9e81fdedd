package tessella.models.vit;

/** How tokens know where they are. */
public enum Position {
    /** A learned table, N(0, 0.02), added to the tokens. */
    LEARNED,
    /** Fixed sines and cosines of both coordinates (MoCo v3). */
    SINCOS_2D
}

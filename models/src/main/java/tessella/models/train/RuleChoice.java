package tessella.models.train;

import java.util.Locale;
import tessella.engine.UpdateRule;

/** The rules that a training run can be asked for by name. */
public enum RuleChoice {
    /** Adam with decoupled decay. */
    ADAMW,
    /** Gradient descent with a momentum of 0.9. */
    SGD,
    /** Adafactor as in big_vision. */
    ADAFACTOR;

    /** The rule; beta2 is that of Adam. */
    public UpdateRule rule(double beta2) {
        return switch (this) {
            case ADAMW -> new UpdateRule.Adam(0.9, beta2, 1e-8);
            case SGD -> new UpdateRule.Sgd(0.9, UpdateRule.Momentum.HEAVY_BALL, 0);
            case ADAFACTOR -> UpdateRule.Adafactor.bigVision();
        };
    }

    /** In small letters. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}

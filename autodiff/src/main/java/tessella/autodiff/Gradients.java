package tessella.autodiff;

import java.util.Map;
import tessella.engine.NdArray;

/**
 * The gradients that a {@link Tape} computed: arrays without a history, of first order only. They live until the tape closes,
 * or longer by {@link NdArray#moveTo}.
 */
public final class Gradients {
    private final Map<Tensor, NdArray> gradients;

    Gradients(Map<Tensor, NdArray> gradients) {
        this.gradients = gradients;
    }

    /** The gradient of a watched input, contiguous and of its shape; null if no recorded operator used it. */
    public NdArray of(Tensor input) {
        return gradients.get(input);
    }

    /** The gradient of a parameter; null if it is frozen or no recorded operator used it. */
    public NdArray of(Parameter parameter) {
        return gradients.get(parameter.tensor());
    }
}

package tessella.models.nn;

import java.util.Optional;
import java.util.function.Supplier;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Shape;

/**
 * What is outside a forward pass: sees intermediate values by name, such as "blocks.3.moe.dispatch", which live as long as the
 * scope. That of a training step ({@link TrainingPass}) also takes what layers add to the loss, and gives them noise; others
 * leave it out.
 */
@FunctionalInterface
public interface Observer {
    /** Sees nothing, and lets memory be returned early. */
    Observer NONE = (name, value) -> { };

    /** Called once for each value as it is computed. */
    void see(String name, Tensor value);

    /**
     * Called by layers with a term of the loss besides that of the results: [groups], of which the loss has the mean. A term that
     * nobody takes is not computed.
     */
    default void addToLoss(String name, Supplier<Tensor> term) {}

    /**
     * Standard normal numbers for a layer that trains with noise, the first axis that of the batch; empty in all passes but
     * training.
     */
    default Optional<Tensor> noise(String name, DType dtype, Shape shape) {
        return Optional.empty();
    }
}

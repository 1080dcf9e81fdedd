package tessella.models.nn;

import tessella.autodiff.Tensor;

/** Sees intermediate values of a forward pass by name, such as "blocks.3.moe.dispatch"; they live as long as the scope. */
@FunctionalInterface
public interface Observer {
    /** Sees nothing, and lets memory be returned early. */
    Observer NONE = (name, value) -> { };

    /** Called once for each value as it is computed. */
    void see(String name, Tensor value);
}

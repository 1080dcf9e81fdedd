package tessella.models.train;

import java.util.function.IntFunction;
import tessella.autodiff.Gradients;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Workers;

/**
 * The gradient of a mean of losses, each of its own part of a batch: sum over the parts of their gradients, divided by their number.
 * A part needs the memory of its own activations only, and small ones stay in the cache of a core. The bits depend on the parts,
 * and not on the threads: gradients are added up in the order of the parts.
 */
public final class Parts {
    /**
     * Parameters of a model whose parts run side by side, one a thread: its operators are too short to be shared by threads.
     * Those of larger ones run after each other, so that the activations of one part are held at a time.
     */
    private static final long SMALL = 1 << 22;

    private final int parts;
    private final int atOnce;

    /**
     * So many parts, of the batches of a model of so many parameters.
     *
     * @throws IllegalArgumentException if there is not at least one part
     */
    public Parts(int parts, long parameters) {
        if (parts < 1) {
            throw new IllegalArgumentException("parts: expected at least 1, found " + parts);
        }
        this.parts = parts;
        atOnce = parameters > SMALL ? 1 : Math.min(parts, Workers.current().size());
    }

    /**
     * The gradient, in the memory of a shared scope.
     *
     * @param shared from {@link Scope#shared}, closed by the caller after the step
     * @param loss the loss of a part, of one element, which a tape records; perhaps in another thread, where scopes and tapes
     *     of the caller are not current
     */
    public Gradients gradients(Scope shared, IntFunction<Tensor> loss) {
        Gradients sum = null;
        for (int first = 0; first < parts; first += atOnce) {
            Gradients[] terms = new Gradients[Math.min(atOnce, parts - first)];
            int from = first;
            if (atOnce == 1) {
                // its operators have the whole team
                terms[0] = gradient(shared, loss, from);
            } else {
                Workers.current().each(terms.length, part -> terms[part] = gradient(shared, loss, from + part));
            }
            for (Gradients term : terms) {
                if (sum == null) {
                    sum = term;
                } else {
                    sum.add(term);
                }
            }
        }
        return sum;
    }

    private Gradients gradient(Scope shared, IntFunction<Tensor> loss, int part) {
        try (Tape tape = Tape.record()) {
            return tape.gradients(loss.apply(part), 1.0 / parts).moveTo(shared);
        }
    }
}

package tessella.autodiff;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessella.engine.Averages;
import tessella.engine.NdArray;
import tessella.engine.Scope;

/**
 * The gradients that a {@link Tape} computed: arrays without a history, of first order only. They live until the tape closes,
 * or longer by {@link #moveTo}.
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

    /**
     * Keeps them until another scope closes, a shared one for threads that read or add to them. Returns these.
     *
     * @throws IllegalStateException if their tape is closed, or either scope belongs to another thread
     */
    public Gradients moveTo(Scope scope) {
        gradients.values().forEach(gradient -> gradient.moveTo(scope));
        return this;
    }

    /**
     * Adds those of another tape, such as of another part of a batch, which are used up: each g_i becomes g_i + other g_i, in
     * place, and the memory of the other is returned unless several of its gradients share it; what only the other has is taken over.
     */
    public void add(Gradients other) {
        List<NdArray> sums = new ArrayList<>();
        List<NdArray> terms = new ArrayList<>();
        other.gradients.forEach((input, term) -> {
            NdArray sum = gradients.putIfAbsent(input, term);
            if (sum != null) {
                sums.add(sum.isHeldOnce() ? sum : own(input, sum));
                terms.add(term);
            }
        });
        Averages added = new Averages(sums);
        for (int i = 0; i < terms.size(); i++) {
            added.source(i, terms.get(i));
        }
        added.step(1, 1);
        for (NdArray term : terms) {
            if (term.isHeldOnce()) {
                term.free();
            }
        }
    }

    /** A copy in place of memory that another gradient may share. */
    private NdArray own(Tensor input, NdArray shared) {
        NdArray copy = NdArray.empty(shared.scope(), shared.dtype(), shared.shape());
        copy.copyFrom(shared);
        gradients.put(input, copy);
        return copy;
    }
}

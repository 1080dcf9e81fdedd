package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.Heads;

/** Softmax attention of many heads. */
public final class Attention {
    private Attention() {}

    /**
     * o = softmax(scale q k^T) v for each head, q [batch, n, heads, d], k and v [batch, m, heads, d]: [batch, n, heads, d].
     * The [n, m] weights P are never stored: the gradient computes them again from each row's log-normaliser.
     * dv = P^T do, dP = do v^T, dS = P (dP - rowsum(P dP)), dq = scale dS k, dk = scale dS^T q. The result is in the innermost scope.
     *
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, double scale) {
        Heads.Attention forward = Heads.forward(q.value(), k.value(), v.value(), scale);
        return operator("attention", forward.o(),
                saved(q.value(), k.value(), v.value(), forward.logNormalisers()), (dy, to) -> {
                    Heads.Gradient d = Heads.gradient(q.value(), k.value(), v.value(), forward, dy, scale);
                    to.add(q, d.dq());
                    to.add(k, d.dk());
                    to.add(v, d.dv());
                }, q, k, v);
    }
}

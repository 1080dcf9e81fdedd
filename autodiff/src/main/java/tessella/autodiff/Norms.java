package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import tessella.engine.NdArray;
import tessella.engine.Normalizers;

/** Normalisations. Results are in the innermost scope; shapes that do not fit throw IllegalArgumentException. */
public final class Norms {
    private Norms() {}

    /**
     * LayerNorm over the last axis: y = gain (x - mean) r + bias, r = (variance + eps)^-1/2, the variance biased. gain and
     * bias [n] may be null (1 and 0). With u = dy gain and xh = (x - mean) r: dx = r (u - mean(u) - xh mean(u xh)),
     * dgain = sum dy xh, dbias = sum dy.
     */
    public static Tensor layerNorm(Tensor x, Tensor gain, Tensor bias, double eps) {
        NdArray g = gain == null ? null : gain.value();
        NdArray b = bias == null ? null : bias.value();
        Normalizers.LayerNorm forward = Normalizers.layerNorm(x.value(), g, b, eps);
        NdArray[] saved = g == null ? saved(x.value(), forward.means(), forward.rs())
                : saved(x.value(), g, forward.means(), forward.rs());
        return operator("layerNorm", forward.y(), saved, (dy, to) -> {
            Normalizers.LayerNormGradient d = Normalizers.layerNormGradient(x.value(), g, b, forward, dy);
            to.add(x, d.dx());
            if (gain != null) {
                to.add(gain, d.dgain());
            }
            if (bias != null) {
                to.add(bias, d.dbias());
            }
        }, x, gain, bias);
    }

    /**
     * RMSNorm over the last axis: y = gain x r, r = (mean x^2 + eps)^-1/2; gain [n] may be null (1). With u = dy gain and
     * xh = x r: dx = r (u - xh mean(u xh)), dgain = sum dy xh.
     */
    public static Tensor rmsNorm(Tensor x, Tensor gain, double eps) {
        NdArray g = gain == null ? null : gain.value();
        Normalizers.Rms forward = Normalizers.rms(x.value(), g, eps);
        NdArray[] saved = g == null ? saved(x.value(), forward.rs()) : saved(x.value(), g, forward.rs());
        return operator("rmsNorm", forward.y(), saved, (dy, to) -> {
            Normalizers.RmsGradient d = Normalizers.rmsGradient(x.value(), g, forward, dy);
            to.add(x, d.dx());
            if (gain != null) {
                to.add(gain, d.dgain());
            }
        }, x, gain);
    }

    /** LayerNorm as {@link #layerNorm(Tensor, Tensor, Tensor, double)}, over any one axis,
            of whose extent gain and bias are. */
    public static Tensor layerNorm(Tensor x, int axis, Tensor gain, Tensor bias, double eps) {
        return overLast(x, axis, last -> layerNorm(last, gain, bias, eps));
    }

    /** RMSNorm as {@link #rmsNorm(Tensor, Tensor, double)}, over any one axis, of whose extent the gain is. */
    public static Tensor rmsNorm(Tensor x, int axis, Tensor gain, double eps) {
        return overLast(x, axis, last -> rmsNorm(last, gain, eps));
    }

    /** Applies an operator on the last axis to another one, which changes places with it meanwhile. */
    private static Tensor overLast(Tensor x, int axis, UnaryOperator<Tensor> norm) {
        int at = x.shape().axis(axis);
        int rank = x.shape().rank();
        if (at == rank - 1) {
            return norm.apply(x);
        }
        int[] order = new int[rank];
        Arrays.setAll(order, i -> i);
        order[at] = rank - 1;
        order[rank - 1] = at;
        return Shapes.permute(norm.apply(Shapes.permute(x, order)), order);
    }

    /**
     * y = x (sum x^2 + eps)^-1/2, the sum over one axis; with r the root: dx = r (dy - y (y . dy)), finite at x = 0.
     */
    public static Tensor l2Normalize(Tensor x, int axis, double eps) {
        return overLast(x, axis, last -> {
            Normalizers.L2 forward = Normalizers.l2(last.value(), eps);
            return operator("l2Normalize", forward.y(), saved(forward.y(), forward.rs()),
                    (dy, to) -> to.add(last, () -> Normalizers.l2Gradient(forward, dy)), last);
        });
    }
}

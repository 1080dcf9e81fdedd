package tessella.reference;

import java.util.Arrays;
import java.util.List;

/** Layer normalisation and L2 normalisation. */
public final class NormOracle {
    private NormOracle() {}

    /** The gradients of {@link #layerNorm}: scale and bias are null when the forward had none. */
    public record Gradients(Array x, Array scale, Array bias) {}

    /**
     * Over the last axis: {@code y = (x - mean) / sqrt(variance + eps) * scale + bias}, the variance divided by the
     * count. Scale and bias have the shape of the last axis; null means 1 and 0.
     */
    public static Array layerNorm(Array x, Array scale, Array bias, double eps) {
        Array y = standardise(x, eps);
        y = scale == null ? y : y.times(scale);
        return bias == null ? y : y.plus(bias);
    }

    /**
     * With {@code r = 1 / sqrt(variance + eps)}, {@code h = (x - mean) r} and {@code u = dy scale}:
     * {@code dx = r (u - mean(u) - h mean(u h))}, {@code dscale = sum of dy h}, {@code dbias = sum of dy}.
     */
    public static Gradients layerNormVjp(Array x, Array scale, Array bias, double eps, Array dy) {
        Array h = standardise(x, eps);
        Array r = ReductionOracle.variance(x, -1).map(v -> 1 / Math.sqrt(v + eps));
        Array u = scale == null ? dy : dy.times(scale);
        Array centred = u.zip(ReductionOracle.mean(u, -1), (a, mean) -> a - mean);
        Array along = h.times(ReductionOracle.mean(u.times(h), -1));
        Array dx = centred.zip(along, (a, b) -> a - b).times(r);
        return new Gradients(dx, scale == null ? null : dy.times(h).sumTo(scale.shape()),
                bias == null ? null : dy.sumTo(bias.shape()));
    }

    /** {@code y = scale x / sqrt(mean of x^2 over the axis + eps)}, scale of the axis's extent. */
    public static Array rmsNorm(Array x, int axis, Array scale, double eps) {
        return rms(x, axis, eps).times(along(x, axis, scale));
    }

    /** The gradients for x and scale, with {@code h = x r}: {@code dx = r (u - h mean(u h))}, {@code u = dy scale}. */
    public static List<Array> rmsNormVjp(Array x, int axis, Array scale, double eps, Array dy) {
        Array h = rms(x, axis, eps);
        Array u = dy.times(along(x, axis, scale));
        Array r = ReductionOracle.mean(x.times(x), axis).map(square -> 1 / Math.sqrt(square + eps));
        Array dx = u.zip(h.times(ReductionOracle.mean(u.times(h), axis)), (a, b) -> a - b).times(r);
        return List.of(dx, dy.times(h).sumTo(along(x, axis, scale).shape()).reshape(scale.shape()));
    }

    private static Array rms(Array x, int axis, double eps) {
        return x.zip(ReductionOracle.mean(x.times(x), axis), (v, square) -> v / Math.sqrt(square + eps));
    }

    /** A vector along one axis, extent 1 along the others. */
    private static Array along(Array x, int axis, Array vector) {
        int[] shape = new int[x.rank()];
        Arrays.fill(shape, 1);
        shape[Math.floorMod(axis, x.rank())] = vector.size();
        return vector.reshape(shape);
    }

    /** {@code y = x / sqrt(sum of x^2 over the axis + eps)}: finite with a finite gradient at 0. */
    public static Array l2Normalize(Array x, int axis, double eps) {
        return x.times(inverseLength(x, axis, eps));
    }

    /** With {@code r = 1 / sqrt(sum x^2 + eps)}: {@code dx = r (dy - y sum(y dy))}. */
    public static Array l2NormalizeVjp(Array x, int axis, double eps, Array dy) {
        Array y = l2Normalize(x, axis, eps);
        Array along = y.times(ReductionOracle.sum(y.times(dy), axis));
        return dy.zip(along, (g, a) -> g - a).times(inverseLength(x, axis, eps));
    }

    private static Array standardise(Array x, double eps) {
        Array centred = x.zip(ReductionOracle.mean(x, -1), (v, mean) -> v - mean);
        return centred.zip(ReductionOracle.variance(x, -1), (v, variance) -> v / Math.sqrt(variance + eps));
    }

    private static Array inverseLength(Array x, int axis, double eps) {
        return ReductionOracle.sum(x.times(x), axis).map(sum -> 1 / Math.sqrt(sum + eps));
    }
}

package tessella.autodiff;

import java.util.function.DoubleUnaryOperator;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Pictures [batch, height, width, channels] in another size. Every method is linear and separable: y = R_h x R_w^T, with one
 * matrix of weights an axis; dx = R_h^T dy R_w.
 */
public enum Resize {
    /** The pixel whose area holds the centre: floor((i + 1/2) in / out). */
    NEAREST,
    /** Linear between pixel centres, the corner pixels on the corners: i (in - 1) / (out - 1). */
    BILINEAR_ALIGN_CORNERS,
    /** Linear between pixel centres, (i + 1/2) in / out - 1/2, the border repeated. */
    BILINEAR_HALF_PIXEL,
    /** The triangle filter, stretched by in / out where that shrinks, weights outside the picture left out. */
    BILINEAR_ANTIALIAS,
    /** Cubic convolution with a = -3/4 between four pixels, the border repeated (Keys 1981). */
    BICUBIC,
    /** Cubic convolution with a = -1/2, stretched by in / out where that shrinks, weights outside left out. */
    BICUBIC_ANTIALIAS,
    /** The mean over [floor(i in / out), ceil((i + 1) in / out)). */
    AREA;

    /**
     * The picture in another size, in the innermost scope.
     *
     * @throws IllegalArgumentException if x has not 4 axes, or an extent is not positive
     */
    public Tensor apply(Tensor x, int height, int width) {
        if (x.shape().rank() != 4 || x.dim(1) < 1 || x.dim(2) < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException("resize: expected a picture [batch, height, width, channels] and a positive size, "
                    + "found " + x.shape() + " and " + height + " x " + width);
        }
        Tensor rows = weights(x, Math.toIntExact(x.dim(1)), height);                   // [height, h]
        Tensor columns = weights(x, Math.toIntExact(x.dim(2)), width);                 // [width, w]
        return LinearAlgebra.einsum("vw,buwc->buvc", columns, LinearAlgebra.einsum("uh,bhwc->buwc", rows, x));
    }

    /**
     * The matrix R of one axis, row-major [out, in]: y = R x. Rows sum to 1.
     *
     * @throws IllegalArgumentException if an extent is not positive, or the matrix is too large for an array
     */
    public double[] weights(int in, int out) {
        if (in < 1 || out < 1 || (long) in * out > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("resize: expected positive extents with a product below 2^31, found " + in + " and "
                    + out);
        }
        double[] r = new double[out * in];
        for (int i = 0; i < out; i++) {
            row(r, i, in, out);
        }
        return r;
    }

    private Tensor weights(Tensor x, int in, int out) {
        double[] r = weights(in, out);
        NdArray array = NdArray.empty(Scope.current(), x.dtype(), Shape.of(out, in));
        array.copyFrom(r);
        return Tensor.of(array);
    }

    /** Sets the weights of output i. */
    private void row(double[] r, int i, int in, int out) {
        double scale = (double) in / out;
        int at = i * in;
        switch (this) {
            case NEAREST -> r[at + Math.min(in - 1, (int) ((i + 0.5) * scale))] = 1;
            case BILINEAR_ALIGN_CORNERS -> taps(r, at, in, out == 1 ? 0 : i * (in - 1.0) / (out - 1), 1, Resize::triangle);
            case BILINEAR_HALF_PIXEL -> taps(r, at, in, Math.max(0, (i + 0.5) * scale - 0.5), 1, Resize::triangle);
            case BICUBIC -> taps(r, at, in, (i + 0.5) * scale - 0.5, 2, d -> cubic(d, -0.75));
            case BILINEAR_ANTIALIAS -> filter(r, at, in, (i + 0.5) * scale, Math.max(1, scale), 1, Resize::triangle);
            case BICUBIC_ANTIALIAS -> filter(r, at, in, (i + 0.5) * scale, Math.max(1, scale), 2, d -> cubic(d, -0.5));
            case AREA -> {
                int from = (int) ((long) i * in / out);
                int to = (int) (((i + 1L) * in + out - 1) / out);
                for (int j = from; j < to; j++) {
                    r[at + j] = 1.0 / (to - from);
                }
            }
        }
    }

    /** Weights f(distance) of the pixels within reach of a place, those outside counted at the border. */
    private static void taps(double[] r, int at, int in, double place, int reach, DoubleUnaryOperator f) {
        int base = (int) Math.floor(place);
        for (int j = base - reach + 1; j <= base + reach; j++) {
            r[at + Math.clamp(j, 0, in - 1)] += f.applyAsDouble(place - j);
        }
    }

    /** Weights f(distance / stretch) of the pixels whose centres are within reach of a place, brought to sum 1. */
    private static void filter(double[] r, int at, int in, double centre, double stretch, int reach, DoubleUnaryOperator f) {
        double total = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < in; j++) {
                double distance = (j + 0.5 - centre) / stretch;
                double w = Math.abs(distance) < reach ? f.applyAsDouble(distance) : 0;
                if (pass == 0) {
                    total += w;
                } else {
                    r[at + j] = w / total;
                }
            }
        }
    }

    private static double triangle(double d) {
        return Math.max(0, 1 - Math.abs(d));
    }

    /** The cubic convolution kernel of Keys: 1 at 0, 0 at the other integers, of reach 2. */
    private static double cubic(double d, double a) {
        double t = Math.abs(d);
        return t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
    }
}

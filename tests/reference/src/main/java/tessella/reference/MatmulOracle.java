package tessella.reference;

import java.util.Arrays;

/**
 * Matrix products: {@code y[..., i, j] = sum_p a[..., i, p] b[..., p, j]}, the leading (batch) axes broadcast. A
 * transposed operand is written {@code a.transposed()}.
 */
public final class MatmulOracle {
    private MatmulOracle() {}

    /** The gradients of {@link #matmul}. */
    public record Gradients(Array a, Array b) {}

    /** The gradients of {@link #linear}. */
    public record LinearGradients(Array x, Array weight, Array bias) {}

    /** {@code a b}: a {@code [..., m, k]}, b {@code [..., k, n]}, result {@code [..., m, n]}. */
    public static Array matmul(Array a, Array b) {
        int m = a.dim(-2);
        int k = a.dim(-1);
        int n = b.dim(-1);
        if (b.dim(-2) != k) {
            throw new IllegalArgumentException("MatmulOracle: " + Arrays.toString(a.shape()) + " by "
                    + Arrays.toString(b.shape()));
        }
        int[] batch = Array.broadcastShape(batchOf(a), batchOf(b));
        Array y = Array.zeros(append(batch, m, n));
        for (int[] at : Array.indices(batch)) {
            int aBase = matrixOffset(a, at);
            int bBase = matrixOffset(b, at);
            int yBase = matrixOffset(y, at);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++) {
                        sum += a.data()[aBase + i * k + p] * b.data()[bBase + p * n + j];
                    }
                    y.data()[yBase + i * n + j] = sum;
                }
            }
        }
        return y;
    }

    /** {@code da = dy b^T}, {@code db = a^T dy}, each summed over the batch axes that were broadcast. */
    public static Gradients matmulVjp(Array a, Array b, Array dy) {
        Array da = matmul(dy, b.transposed()).sumTo(a.shape());
        Array db = matmul(a.transposed(), dy).sumTo(b.shape());
        return new Gradients(da, db);
    }

    /** {@code y = x W + bias}: x {@code [..., in]}, W {@code [in, out]}, bias {@code [out]} or null for none. */
    public static Array linear(Array x, Array weight, Array bias) {
        Array y = matmul(rows(x), weight);
        int[] shape = x.shape();
        shape[shape.length - 1] = weight.dim(-1);
        y = y.reshape(shape);
        return bias == null ? y : y.plus(bias);
    }

    /** {@code dx = dy W^T}, {@code dW = x^T dy}, {@code dbias = sum of the rows of dy} (null when bias is null). */
    public static LinearGradients linearVjp(Array x, Array weight, Array bias, Array dy) {
        Gradients product = matmulVjp(rows(x), weight, rows(dy));
        return new LinearGradients(product.a().reshape(x.shape()), product.b(),
                bias == null ? null : dy.sumTo(bias.shape()));
    }

    private static Array rows(Array x) {
        return x.reshape(x.dim(-1) == 0 ? 0 : x.size() / x.dim(-1), x.dim(-1));
    }

    private static int[] batchOf(Array x) {
        return Arrays.copyOf(x.shape(), x.rank() - 2);
    }

    private static int matrixOffset(Array x, int[] batchIndex) {
        int[] batch = batchOf(x);
        int offset = 0;
        for (int axis = 0; axis < batch.length; axis++) {
            int index = batch[axis] == 1 ? 0 : batchIndex[batchIndex.length - batch.length + axis];
            offset = offset * batch[axis] + index;
        }
        return offset * x.dim(-2) * x.dim(-1);
    }

    private static int[] append(int[] batch, int m, int n) {
        int[] shape = Arrays.copyOf(batch, batch.length + 2);
        shape[batch.length] = m;
        shape[batch.length + 1] = n;
        return shape;
    }
}

package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.function.Executable;
import tessella.reference.Array;
import tessella.reference.Comparison;

/** Arrays of the library from those of the oracles, in any layout, and what errors must look like. */
final class Samples {
    private Samples() {}

    static Shape shape(int... dims) {
        return Shape.of(Arrays.stream(dims).asLongStream().toArray());
    }

    static NdArray contiguous(DType dtype, Array x) {
        NdArray out = NdArray.empty(Scope.current(), dtype, shape(x.shape()));
        out.copyFrom(x.data());
        return out;
    }

    /** The same numbers as a view of larger memory: axes in another order, gaps of NaN between elements, an offset. */
    static NdArray strided(DType dtype, Array x, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rank = x.rank();
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        long[] dims = new long[rank];
        long[] before = new long[rank];
        int[] back = new int[rank];
        for (int i = 0; i < rank; i++) {
            before[i] = random.nextInt(3);
            dims[i] = x.dim(order[i]) + before[i] + random.nextInt(2);
            back[order[i]] = i;
        }
        NdArray view = NdArray.full(Scope.current(), dtype, Shape.of(dims), Double.NaN);
        for (int i = 0; i < rank; i++) {
            view = view.slice(i, before[i], before[i] + x.dim(order[i]));
        }
        view = view.permute(back);
        view.copyFrom(contiguous(dtype, x));
        return view;
    }

    static NdArray any(DType dtype, Array x, long seed) {
        return (seed & 1) == 0 ? contiguous(dtype, x) : strided(dtype, x, seed);
    }

    /** The largest error of a result, relative to its largest element, is at most the tolerance of its type. */
    static void requireClose(String what, Array expected, NdArray found, double single, double twice) {
        assertTrue(found.shape().equals(shape(expected.shape())), what + ": expected the shape "
                + Arrays.toString(expected.shape()) + ", found " + found.shape());
        double tolerance = found.dtype() == DType.F32 ? single : twice;
        Comparison.of(what, expected, found.toDoubles()).requireWithin(tolerance, tolerance);
    }

    /** An error is one sentence that says these things. */
    static <T extends Exception> T requireMessage(Class<T> type, Executable action, String... parts) {
        T e = assertThrows(type, action);
        String message = e.getMessage();
        assertNotNull(message);
        for (String part : parts) {
            assertTrue(message.contains(part), "expected \"" + part + "\" in: " + message);
        }
        assertFalse(message.contains("\n") || message.endsWith(".") || message.length() > 400, "one sentence: "
                + message);
        return e;
    }

    static void refused(Executable action, String... parts) {
        requireMessage(IllegalArgumentException.class, action, parts);
    }

    static void illegal(Executable action, String... parts) {
        requireMessage(IllegalStateException.class, action, parts);
    }
}

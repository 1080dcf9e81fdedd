package tessella.engine;

import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;
import tessella.kernels.HalfGemm;

/**
 * The right operand of matrix products, copied once into the order in which they read it: weights that many products share.
 *
 * <p>{@link #of} keeps the elements as they are, and products have the bits of products with the array itself; {@link #bfloat16} rounds
 * them to 16 bits, which halves what a product of few rows reads, and products have the bits of products with the rounded array. What the
 * array holds later does not matter. It lives as long as its scope, or until {@link #free}, and any use after that throws an
 * {@link IllegalStateException}; one of a shared scope may be read by all threads.
 */
public final class PackedMatrix {
    /** Elements that a task packs. */
    private static final long GRAIN = 1 << 16;

    private final Shape shape;
    /** [.., packed elements of a matrix]. */
    private final NdArray panels;

    private PackedMatrix(Shape shape, NdArray panels) {
        this.shape = shape;
        this.panels = panels;
    }

    /**
     * A copy in scope of b [.., k, n], float32 or float64, any strides; leading axes are matrices side by side.
     *
     * @throws IllegalArgumentException if b has less than two axes or another type
     */
    public static PackedMatrix of(Scope scope, NdArray b) {
        if (!b.dtype().isComputed()) {
            throw new IllegalArgumentException("packing: expected float32 or float64, found " + b.dtype() + " " + b.shape()
                    + "; convert it with to(DType.F32) first");
        }
        return pack(scope, b, b.dtype());
    }

    /**
     * A copy in scope of b [.., k, n], float32, any strides, rounded to the nearest bfloat16, ties to even; products with it take and give
     * float32 and add up in float32.
     *
     * @throws IllegalArgumentException if b has less than two axes or another type
     */
    public static PackedMatrix bfloat16(Scope scope, NdArray b) {
        if (b.dtype() != DType.F32) {
            throw new IllegalArgumentException("packing: expected float32 to round to bfloat16, found " + b.dtype() + " "
                    + b.shape() + "; convert it with to(DType.F32) first");
        }
        return pack(scope, b, DType.BF16);
    }

    private static PackedMatrix pack(Scope scope, NdArray b, DType stored) {
        Shape shape = b.shape();
        if (shape.rank() < 2) {
            throw new IllegalArgumentException("packing: expected a matrix [.., k, n], found shape " + shape);
        }
        b.check("packing");
        int k = Math.toIntExact(shape.dim(-2));
        int n = Math.toIntExact(shape.dim(-1));
        Shape batch = shape.axes(0, shape.rank() - 2);
        long size = switch (stored) {
            case F32 -> FloatGemm.packedSize(k, n);
            case F64 -> DoubleGemm.packedSize(k, n);
            default -> HalfGemm.packedSize(k, n);
        };
        NdArray packed = NdArray.empty(scope, "packing " + shape, stored, batch.then(Shape.of(size)));
        int columns = panels(stored, n);
        int parts = Math.clamp((long) k * n / GRAIN, 1, Math.max(1, columns));
        long[] strides = Batches.strides(b, batch.rank());
        Region.run("packing", Math.toIntExact(batch.size() * parts), (task, scratch) -> {
            int member = task / parts;
            int from = (int) ((long) columns * (task % parts) / parts);
            int to = (int) ((long) columns * (task % parts + 1) / parts);
            long bo = b.offset() + Batches.offset(batch, strides, member) * b.dtype().bytes();
            long po = packed.offset() + member * size * stored.bytes();
            switch (stored) {
                case F32 -> FloatGemm.packB(b.segment(), bo, b.stride(-2), b.stride(-1), k, n, from, to, packed.segment(), po);
                case F64 -> DoubleGemm.packB(b.segment(), bo, b.stride(-2), b.stride(-1), k, n, from, to, packed.segment(), po);
                default -> HalfGemm.packB(b.segment(), bo, b.stride(-2), b.stride(-1), k, n, from, to, packed.segment(), po);
            }
        }, b, packed);
        return new PackedMatrix(shape, packed);
    }

    /** The shape of what was packed, [.., k, n]. */
    public Shape shape() {
        return shape;
    }

    /** The type of the stored elements: F32, F64 or BF16. */
    public DType dtype() {
        return panels.dtype();
    }

    /** Returns the memory before the scope ends; errors as for {@link NdArray#free}. */
    public void free() {
        panels.free();
    }

    /** The type of the operands and results of products with it. */
    DType computed() {
        return dtype() == DType.BF16 ? DType.F32 : dtype();
    }

    /** Panels of n columns of elements of this type. */
    static int panels(DType dtype, long n) {
        return switch (dtype) {
            case F32 -> FloatGemm.panels(n);
            case F64 -> DoubleGemm.panels(n);
            default -> HalfGemm.panels(n);
        };
    }

    NdArray panels() {
        return panels;
    }

    @Override
    public String toString() {
        return "packed " + dtype() + " " + shape;
    }
}

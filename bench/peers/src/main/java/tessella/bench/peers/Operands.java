package tessella.bench.peers;

import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * The operands of a product, row-major in the shapes of its {@link Work.Form}.
 *
 * @param a the left one
 * @param b the right one, rounded to bfloat16 if the work stores it so
 */
record Operands(float[] a, float[] b) {
    static Operands of(Work.Gemm work) {
        return new Operands(Data.uniform("a", (long) work.m() * work.k()),
                right(Data.uniform("b", (long) work.k() * work.n()), work.weights()));
    }

    private static float[] right(float[] b, Work.Weights weights) {
        if (weights != Work.Weights.BFLOAT16) {
            return b;
        }
        try (Scope scope = Scope.open()) {
            return NdArray.of(scope, Shape.of(b.length), b).to(DType.BF16).toFloats();
        }
    }
}

package tessella.bench.peers;

import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;

/** The operands of a piece of work: the same bits in every process, whatever the library. */
final class Data {
    private Data() {}

    /** Standard normal numbers. */
    static float[] normal(String name, long... dims) {
        return drawn(Initializer.normal(1), name, dims);
    }

    /** Numbers of uniform density in [-1/2, 1/2). */
    static float[] uniform(String name, long... dims) {
        float[] values = normal(name, dims);
        // fractional parts of many standard deviations are as good as uniform
        for (int i = 0; i < values.length; i++) {
            double x = values[i] * 64.0;
            values[i] = (float) (x - Math.rint(x));
        }
        return values;
    }

    private static float[] drawn(Initializer initializer, String name, long... dims) {
        try (Scope scope = Scope.open()) {
            NdArray array = NdArray.empty(scope, DType.F32, Shape.of(dims));
            initializer.fill(array, Random.of(1, name));
            return array.toFloats();
        }
    }
}

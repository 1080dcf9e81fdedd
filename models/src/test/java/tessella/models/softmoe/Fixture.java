package tessella.models.softmoe;

import java.util.Arrays;
import tessella.autodiff.Tensor;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;

/** A float64 Soft MoE layer with random parameters, and its input. */
record Fixture(SoftMoeConfig config, Tensor x, Tensor phi, Tensor scale, Tensor w1, Tensor b1, Tensor w2, Tensor b2) {
    static Fixture random(Scope scope, long seed, int b, int m, int d, int h, SoftMoeConfig config, double s) {
        long n = config.experts();
        long p = config.slots();
        return new Fixture(config, normal(scope, seed, "x", b, m, d), normal(scope, seed, "phi", d, n, p),
                Tensor.of(scope, Shape.of(), new double[] {s}), normal(scope, seed, "w1", n, d, h),
                normal(scope, seed, "b1", n, h), normal(scope, seed, "w2", n, h, d), normal(scope, seed, "b2", n, d));
    }

    static Tensor normal(Scope scope, long seed, String name, long... dims) {
        Shape shape = Shape.of(dims);
        Random random = Random.of(seed, name);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, i -> random.normal(i));
        return Tensor.of(scope, shape, values);
    }

    SoftRouter router() {
        return new SoftRouter(config, phi, scale);
    }

    SoftRouter.Routing route() {
        return router().route(x);
    }

    Tensor y() {
        return new SoftMoe("moe", router(), new Experts(w1, b1, w2, b2)).apply(x, Observer.NONE);
    }

    Fixture with(Tensor newX, Tensor newPhi) {
        return new Fixture(config, newX, newPhi, scale, w1, b1, w2, b2);
    }
}

package tessella.models.moe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;
import tessella.reference.Array;
import tessella.reference.SoftMoeOracle;

/** A float64 layer with random parameters, and its tokens x [b, m, d]. */
record Sample(Tensor x, Tensor kernel, Tensor w1, Tensor b1, Tensor w2, Tensor b2) {
    static Sample random(Scope scope, long seed, int b, int m, int d, int h, int experts) {
        return new Sample(normal(scope, seed, "x", b, m, d), normal(scope, seed, "kernel", d, experts),
                normal(scope, seed, "w1", experts, d, h), normal(scope, seed, "b1", experts, h),
                normal(scope, seed, "w2", experts, h, d), normal(scope, seed, "b2", experts, d));
    }

    static Tensor normal(Scope scope, long seed, String name, long... dims) {
        Shape shape = Shape.of(dims);
        Random random = Random.of(seed, name);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, random::normal);
        return Tensor.of(scope, shape, values);
    }

    /** Logits [s, e]; of few different values, so that many tie, where coarse. */
    static Tensor logits(Scope scope, long seed, int s, int e, boolean coarse) {
        double[] values = normal(scope, seed, "logits", s, e).toDoubles();
        return Tensor.of(scope, Shape.of(s, e), coarse ? Arrays.stream(values).map(Math::rint).toArray() : values);
    }

    static Array array(Tensor x) {
        return Array.of(Arrays.stream(x.shape().dims()).mapToInt(Math::toIntExact).toArray(), x.toDoubles());
    }

    static List<List<Integer>> lists(Assignment assignment) {
        List<List<Integer>> lists = new ArrayList<>();
        for (int e = 0; e < assignment.experts(); e++) {
            lists.add(IntStream.of(assignment.tokens(e)).boxed().toList());
        }
        return lists;
    }

    List<Tensor> all() {
        return List.of(x, kernel, w1, b1, w2, b2);
    }

    static Sample of(List<Tensor> t) {
        return new Sample(t.get(0), t.get(1), t.get(2), t.get(3), t.get(4), t.get(5));
    }

    Sample withX(Tensor other) {
        return new Sample(other, kernel, w1, b1, w2, b2);
    }

    Experts experts() {
        return new Experts(w1, b1, w2, b2);
    }

    SoftMoeOracle.Experts oracleExperts() {
        return new SoftMoeOracle.Experts(array(w1), array(b1), array(w2), array(b2));
    }

    Tensor y(Router router, int group) {
        return y(router, group, 0, Observer.NONE);
    }

    Tensor y(Router router, int group, double noise, Observer observer) {
        return new SparseMoe("moe", kernel, router, experts(), group, noise).apply(x, observer);
    }
}

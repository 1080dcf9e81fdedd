package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.CrossEntropy;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Shape;

/** Cross-entropies of rows of logits and their gradients; 5 operations an element, a function counted as one. */
public class LossesBenchmark extends EngineBenchmark {
    static final double SMOOTHING = 0.1;

    /** Rows x classes: Fashion-MNIST, ImageNet, JFT. */
    @Param({"16x10", "256x1000", "32x29593"})
    public String shape;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    int[] labels;
    NdArray logits;
    NdArray targets;
    NdArray dlosses;
    private CrossEntropy.Softmax saved;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "256x1000");
        int rows = Math.toIntExact(extents.dim(0));
        Random random = Random.of(1, "labels");
        labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = random.below(Math.toIntExact(extents.dim(1)), i);
        }
        logits = normal("logits", dtype, extents);
        dlosses = normal("dlosses", dtype, extents.axes(0, 1));
        targets = NdArray.zeros(scope(), dtype, extents);
        double[] ones = new double[Math.toIntExact(extents.size())];
        for (int i = 0; i < rows; i++) {
            ones[i * (ones.length / rows) + labels[i]] = 1;
        }
        targets.copyFrom(ones);
        saved = CrossEntropy.softmax(logits, labels, SMOOTHING);
        keep(saved.losses(), saved.probabilities());
    }

    private Cost cost(NdArray... moved) {
        return Cost.of(5.0 * logits.size(), moved);
    }

    /** The loss of each row and the probabilities that its gradient reads. */
    @Benchmark
    public double softmaxCrossEntropy(Counters counters) {
        return measureAll(counters, cost(logits, logits, dlosses), () -> {
            CrossEntropy.Softmax loss = CrossEntropy.softmax(logits, labels, SMOOTHING);
            return new NdArray[] {loss.losses(), loss.probabilities()};
        });
    }

    /** dloss (softmax - target). */
    @Benchmark
    public double softmaxCrossEntropyGradient(Counters counters) {
        return measure(counters, cost(logits, dlosses, logits),
                () -> CrossEntropy.softmaxGradient(saved, labels, SMOOTHING, dlosses));
    }

    /** A binary loss for each class, summed over a row. */
    @Benchmark
    public double sigmoidCrossEntropy(Counters counters) {
        return measure(counters, cost(logits, targets, dlosses), () -> CrossEntropy.sigmoid(logits, targets));
    }

    /** dloss (sigmoid - target). */
    @Benchmark
    public double sigmoidCrossEntropyGradient(Counters counters) {
        return measure(counters, cost(logits, targets, dlosses, logits),
                () -> CrossEntropy.sigmoidGradient(logits, targets, dlosses));
    }
}

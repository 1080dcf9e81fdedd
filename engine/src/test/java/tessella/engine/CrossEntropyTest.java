package tessella.engine;

import static tessella.engine.Samples.refused;

import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.reference.Array;
import tessella.reference.LossOracle;
import tessella.reference.ValueArbitraries;

/** Cross-entropies of more rows than one task takes, and what they refuse. */
@ExtendWith(MemoryReturned.class)
class CrossEntropyTest {
    private static final int ROWS = 5_003;
    private static final int CLASSES = 7;

    private final Array z = ValueArbitraries.normal(1, ROWS, CLASSES);
    private final Array dloss = ValueArbitraries.normal(2, ROWS);
    private final Array targets = ValueArbitraries.normal(3, ROWS, CLASSES).map(Math::abs);

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void everyRowHasItsOwnLabel(DType dtype) {
        SplittableRandom random = new SplittableRandom(4);
        int[] labels = random.ints(ROWS, 0, CLASSES).toArray();
        Array smooth = LossOracle.targets(labels, CLASSES, 0.1);
        try (Scope _ = Scope.open()) {
            CrossEntropy.Softmax found = CrossEntropy.softmax(Samples.any(dtype, z, 5), labels, 0.1);
            Samples.requireClose("losses", LossOracle.softmaxCrossEntropy(z, smooth), found.losses(), 2e-5, 1e-12);
            Samples.requireClose("dz", LossOracle.softmaxCrossEntropyVjp(z, smooth, dloss),
                    CrossEntropy.softmaxGradient(found, labels, 0.1, Samples.any(dtype, dloss, 6)), 2e-5, 1e-12);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void everyRowHasItsOwnTargets(DType dtype) {
        try (Scope _ = Scope.open()) {
            NdArray t = Samples.any(dtype, targets, 7);
            NdArray d = Samples.any(dtype, dloss, 8);
            CrossEntropy.Softmax found = CrossEntropy.softmax(Samples.any(dtype, z, 9), t);
            requireClose(LossOracle::softmaxCrossEntropy, found.losses());
            Samples.requireClose("dz", LossOracle.softmaxCrossEntropyVjp(z, targets, dloss),
                    CrossEntropy.softmaxGradient(found, t, d), 1e-4, 1e-12);
            NdArray logits = Samples.any(dtype, z, 10);
            requireClose(LossOracle::sigmoidCrossEntropy, CrossEntropy.sigmoid(logits, t));
            Samples.requireClose("dz", LossOracle.sigmoidCrossEntropyVjp(z, targets, dloss),
                    CrossEntropy.sigmoidGradient(logits, t, d), 1e-4, 1e-12);
        }
    }

    private void requireClose(BinaryOperator<Array> oracle, NdArray losses) {
        Samples.requireClose("losses", oracle.apply(z, targets), losses, 1e-4, 1e-12);
    }

    @Test
    void labelsAndSmoothingThatDoNotFitAreRefused() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
            refused(() -> CrossEntropy.softmax(x, new int[] {0, 3}, 0), "labels in [0, 3)", "3 at row 1");
            refused(() -> CrossEntropy.softmax(x, new int[] {-1, 2}, 0), "labels in [0, 3)", "-1 at row 0");
            refused(() -> CrossEntropy.softmax(x, new int[] {1}, 0), "2 labels", "found 1");
            for (double smoothing : new double[] {-0.1, 1.1, Double.NaN}) {
                refused(() -> CrossEntropy.softmax(x, new int[2], smoothing), "smoothing in [0, 1]", "" + smoothing);
            }
            refused(() -> CrossEntropy.softmax(x.reshape(Shape.of(6)), new int[6], 0), "[rows, classes]", "[6]");
            refused(() -> CrossEntropy.softmax(x, x.transpose()), "softmaxCrossEntropy", "[2, 3]", "[3, 2]");
        }
    }
}

package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.engine.AttentionMask;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.Comparison;
import tessella.reference.ValueArbitraries;

/** The two results of attention, each alone and both. */
@ExtendWith(MemoryReturned.class)
class AttentionTest {
    private final Array q = ValueArbitraries.normal(1, 2, 5, 3, 4);
    private final Array k = ValueArbitraries.normal(2, 2, 7, 3, 4);
    private final Array bias = ValueArbitraries.normal(3, 3, 5, 7);
    private final Array dP = ValueArbitraries.normal(4, 2, 3, 5, 7);

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void theWeightsAloneHaveAGradient(DType dtype) {
        AttentionOracle.WeightsGradients expected = AttentionOracle.weightsVjp(q, k, 0.5, bias, null, dP);
        try (Tape tape = Tape.record()) {
            Tensor a = tape.watch(Tensor.of(Operator.array(dtype, q)));
            Tensor b = tape.watch(Tensor.of(Operator.array(dtype, k)));
            Tensor c = tape.watch(Tensor.of(Operator.array(dtype, bias)));
            Tensor v = tape.watch(Tensor.of(Operator.array(dtype, k)));
            Attention.Weighted y = Attention.attentionWithWeights(a, b, v, 0.5, AttentionMask.none(), c);
            Gradients found = tape.gradients(List.of(y.weights()), List.of(Operator.array(dtype, dP)));
            double tolerance = dtype == DType.F32 ? 1e-5 : 1e-12;
            Comparison.of("dq", expected.q(), found.of(a).toDoubles()).requireWithin(tolerance, tolerance);
            Comparison.of("dk", expected.k(), found.of(b).toDoubles()).requireWithin(tolerance, tolerance);
            Comparison.of("dbias", expected.bias(), found.of(c).toDoubles()).requireWithin(tolerance, tolerance);
            assertNull(found.of(v), "the values, on which the weights do not depend");
        }
    }

    @Test
    void theResultHasTheSameBitsAndGradientsWhetherTheWeightsAreAskedForOrNot() {
        double[][] plain = gradients(false);
        double[][] weighted = gradients(true);
        assertEquals(4, plain.length);
        for (int i = 0; i < plain.length; i++) {
            assertArrayEquals(plain[i], weighted[i], "result or gradient " + i);
        }
    }

    @Test
    void bothOfTwoMasksLiveUntilTheGradient() {
        try (Tape tape = Tape.record()) {
            Tensor a = tape.watch(Tensor.of(Operator.array(DType.F64, q)));
            Tensor y;
            try (Scope inner = Scope.open()) {
                NdArray first = NdArray.of(inner, Shape.of(5), new double[] {1, 0, 1, 1, 1});
                NdArray second = NdArray.of(inner, Shape.of(5), new double[] {1, 1, 1, 0, 1});
                y = Attention.attention(a, a, a, 0.5, AttentionMask.keep(first).and(AttentionMask.keep(second)));
            }
            NdArray dy = Operator.array(DType.F64, ValueArbitraries.normal(5, 2, 5, 3, 4));
            Array seen = Array.of(new int[] {5}, 1, 0, 1, 0, 1);
            AttentionOracle.Gradients expected = AttentionOracle.attentionVjp(q, q, q, 0.5, null, seen,
                    ValueArbitraries.normal(5, 2, 5, 3, 4));
            Comparison.of("dq + dk + dv", expected.q().plus(expected.k()).plus(expected.v()),
                    tape.gradients(List.of(y), List.of(dy)).of(a).toDoubles()).requireWithin(1e-12, 1e-12);
        }
    }

    private double[][] gradients(boolean weights) {
        try (Tape tape = Tape.record()) {
            Tensor a = tape.watch(Tensor.of(Operator.array(DType.F32, q)));
            Tensor b = tape.watch(Tensor.of(Operator.array(DType.F32, k)));
            Tensor c = tape.watch(Tensor.of(Operator.array(DType.F32, bias)));
            Tensor y = weights ? Attention.attentionWithWeights(a, b, b, 0.5, AttentionMask.none(), c).o()
                    : Attention.attention(a, b, b, 0.5, AttentionMask.none(), c);
            double[] o = y.toDoubles();
            Gradients found = tape.gradients(Reductions.sum(Elementwise.mul(y, y)));
            return new double[][] {o, found.of(a).toDoubles(), found.of(b).toDoubles(), found.of(c).toDoubles()};
        }
    }
}

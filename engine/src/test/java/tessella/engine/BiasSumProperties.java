package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.ValueArbitraries;

/** How heads that share a bias are dealt to tasks. */
class BiasSumProperties {
    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void everyHeadIsTakenOnceByATaskOfItsOwnSlice(@ForAll @IntRange(min = 0, max = 40) int batch,
            @ForAll @IntRange(min = 0, max = 20) int heads, @ForAll boolean byBatch, @ForAll boolean byHead) {
        int slicesOfBatch = byBatch ? batch : 1;
        int slicesOfHeads = byHead ? heads : 1;
        BiasSum sum = BiasSum.of(Shape.of(batch, heads, 3, 5), Shape.of(slicesOfBatch, slicesOfHeads, 3, 1));
        Map<Integer, Integer> taken = new TreeMap<>();
        for (int task = 0; task < sum.tasks(); task++) {
            int slice = task / sum.parts();
            sum.each(task, (b, h) -> {
                assertEquals(slice, (byBatch ? b : 0) * slicesOfHeads + (byHead ? h : 0));
                taken.merge(b * heads + h, 1, Integer::sum);
            });
        }
        assertEquals(batch * heads, taken.size());
        assertTrue(taken.values().stream().allMatch(times -> times == 1), "a head is taken twice");
        assertTrue(batch * heads == 0 || sum.parts() <= batch * heads);
        assertTrue(sum.tasks() < slicesOfBatch * slicesOfHeads + 16 || sum.parts() == 1, sum + " has " + sum.tasks());
        // work for a team, if the heads are that many
        assertTrue(sum.tasks() >= Math.min(16, batch * heads), sum + " has " + sum.tasks());
    }

    /** More heads than tasks, more than one head a task. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void aBiasOfManyHeadsHasTheSumOfTheirGradients(@ForAll(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1,
            max = 3) int n,
            @ForAll boolean perHead, @ForAll boolean perBatch, @ForAll long seed) {
        int batch = 11;
        int heads = 5;
        Array q = ValueArbitraries.normal(seed, batch, n, heads, 2);
        Array k = ValueArbitraries.normal(seed + 1, batch, n + 1, heads, 2);
        Array v = ValueArbitraries.normal(seed + 2, batch, n + 1, heads, 2);
        Array bias = ValueArbitraries.normal(seed + 3, perBatch ? batch : 1, perHead ? heads : 1, n, n + 1);
        try (Scope _ = Scope.open()) {
            NdArray[] x = {Samples.contiguous(dtype, q), Samples.contiguous(dtype, k), Samples.contiguous(dtype, v),
                Samples.contiguous(dtype, bias)};
            Heads.Attention y = Heads.forward(x[0], x[1], x[2], 1, AttentionMask.none(), x[3]);
            Heads.Gradient d = Heads.gradientWithBias(x[0], x[1], x[2], y, x[0], 1, AttentionMask.none(), x[3]);
            AttentionOracle.Gradients expected = AttentionOracle.attentionVjp(q, k, v, 1, bias, null, q);
            Samples.requireClose("dBias", expected.bias(), d.dBias(), 2e-4, 1e-11);
            Samples.requireClose("dq", expected.q(), d.dq(), 2e-4, 1e-11);
        }
    }
}

package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.engine.DType;
import tessella.engine.Scope;

/** Checkpointed blocks against the blocks themselves. */
class CheckpointProperties {
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theGradientsAreThoseOfTheBlocksThemselvesToTheBit(@ForAll(supplier = Computed.class) DType dtype, @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int depth, @ForAll @IntRange(min = 1, max = 9) int tokens,
                    @ForAll boolean nested) {
        try (Scope scope = Scope.shared()) {
            List<TransformerBlock> blocks = TransformerBlock.blocks(scope, dtype, depth, 8);
            blocks.getFirst().parameters.get("out").freeze();
            Map<String, double[]> plain = TransformerBlock.results(blocks, dtype, seed, TransformerBlock.PLAIN, 2, tokens, 8);
            assertNull(plain.get("0.out"));
            assertTrue(Arrays.stream(plain.get("0.in")).anyMatch(g -> g != 0));
            TransformerBlock.requireSame(plain, TransformerBlock.results(blocks, dtype, seed, nested
                    ? TransformerBlock.NESTED : TransformerBlock.CHECKPOINT, 2, tokens, 8));
        }
    }
}

package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tessella.kernels.FloatGemm;

class DeterminismTest {
    @Test
    void theDomainNamesVectorWidthAndBlockSize() {
        int bits = Determinism.vectorBits();
        assertTrue(bits == 128 || bits == 256 || bits == 512, bits + " bits");
        assertEquals("vector " + bits + " bits, gemm kc " + FloatGemm.KC, Determinism.domain());
    }
}

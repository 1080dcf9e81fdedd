package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.refused;

import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MemoryReturned.class)
class NdArrayTest {
    private Scope scope;
    /** 0, 1, ... 23 as [2, 3, 4]. */
    private NdArray x;

    @BeforeEach
    void open() {
        scope = Scope.open();
        x = NdArray.of(scope, Shape.of(2, 3, 4), IntStream.range(0, 24).asDoubleStream().toArray());
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void viewsShareMemoryWithTheirArray() {
        for (NdArray view : new NdArray[] {x.reshape(Shape.of(6, 4)), x.permute(2, 0, 1), x.slice(1, 1, 2),
                x.transpose(),
            x.broadcastTo(Shape.of(5, 2, 3, 4)), x.contiguous()}) {
            assertTrue(view.sharesMemoryWith(x), view.toString());
        }
        x.slice(0, 1, 2).copyFrom(NdArray.full(scope, DType.F64, Shape.of(1, 3, 4), 7));
        assertEquals(11, x.get(0, 2, 3));
        assertEquals(7, x.get(1, 0, 0));
        assertFalse(x.copy().sharesMemoryWith(x));
    }

    @Test
    void permuteAndTransposeReorderAxes() {
        NdArray y = x.permute(2, 0, 1);
        assertEquals(Shape.of(4, 2, 3), y.shape());
        assertEquals(x.get(1, 2, 3), y.get(3, 1, 2));
        assertFalse(y.isContiguous());
        assertEquals(x.get(1, 2, 3), x.transpose().get(1, 3, 2));
        assertArrayEquals(x.toDoubles(), y.permute(1, 2, 0).toDoubles());
    }

    @Test
    void slicesOfSlicesAddTheirOffsets() {
        NdArray y = x.slice(2, 1, 4).slice(2, 1, 2).slice(-2, 2, 3);
        assertEquals(Shape.of(2, 1, 1), y.shape());
        assertArrayEquals(new double[] {10, 22}, y.toDoubles());
        assertEquals(0, x.slice(1, 3, 3).size());
        assertEquals(0, x.slice(1, 3, 3).toDoubles().length);
    }

    @Test
    void broadcastingRepeatsWithoutACopy() {
        NdArray row = NdArray.of(scope, Shape.of(1, 2), new float[] {1, 2});
        long bytes = scope.bytes();
        NdArray y = row.broadcastTo(Shape.of(2, 3, 2));
        assertEquals(bytes, scope.bytes());
        assertArrayEquals(new float[] {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, y.toFloats());
        refused(() -> row.broadcastTo(Shape.of(3)), "broadcastTo", "[1, 2]", "[3]");
        refused(() -> x.broadcastTo(Shape.of(1, 3, 4)), "broadcastTo", "[2, 3, 4]", "[1, 3, 4]");
    }

    @Test
    void reshapeIsAViewWhereStridesAllowItAndSaysSoWhereNot() {
        NdArray y = x.permute(1, 0, 2);
        assertEquals(Shape.of(3, 2, 2, 2), y.reshape(Shape.of(3, 2, 2, 2)).shape());
        assertArrayEquals(y.toDoubles(), y.reshape(Shape.of(3, 1, 2, 4, 1)).toDoubles());
        refused(() -> y.reshape(Shape.of(6, 4)), "reshape", "[3, 2, 4]", "[6, 4]", "strides", "contiguous()");
        assertArrayEquals(y.toDoubles(), y.reshaped(Shape.of(6, 4)).toDoubles());
        assertFalse(y.reshaped(Shape.of(6, 4)).sharesMemoryWith(x));
        assertTrue(y.reshaped(Shape.of(3, 8)).size() == 24);
        refused(() -> x.reshape(Shape.of(5, 5)), "reshape", "[2, 3, 4]", "24", "[5, 5]", "25");
        refused(() -> x.reshaped(Shape.of(5)), "reshape", "[5]");
        assertEquals(Shape.of(0, 7), x.slice(0, 0, 0).reshape(Shape.of(0, 7)).shape());
        assertEquals(5, x.slice(0, 0, 1).slice(1, 1, 2).slice(2, 1, 2).reshape(Shape.of()).item());
    }

    @Test
    void contiguousKeepsWhatIsContiguousAndCopiesTheRest() {
        assertSame(x, x.contiguous());
        assertTrue(x.slice(0, 1, 2).isContiguous());
        NdArray y = x.transpose().contiguous();
        assertNotSame(x, y);
        assertTrue(y.isContiguous());
        assertArrayEquals(x.transpose().toDoubles(), y.toDoubles());
    }

    @Test
    void elementsAreReadAndWrittenInBothTypes() {
        NdArray y = NdArray.zeros(scope, DType.F32, Shape.of(2, 2));
        y.copyFrom(new double[] {0.1, 1, 2, 3});
        assertEquals(0.1f, y.get(0, 0));
        y.copyFrom(new float[] {4, 5, 6, 7});
        assertArrayEquals(new double[] {4, 5, 6, 7}, y.toDoubles());
        assertEquals(23f, x.toFloats()[23]);
        x.copyFrom(new float[24]);
        assertEquals(0, x.get(1, 2, 3));
        assertArrayEquals(new double[] {2.5, 2.5}, NdArray.full(scope, DType.F32, Shape.of(2), 2.5).toDoubles());
        assertEquals(3, NdArray.full(scope, DType.F64, Shape.of(1, 1), 3).item());
    }

    @Test
    void withSegmentHandsOutTheBytesOfAViewOnly() {
        NdArray row = x.slice(0, 1, 2);
        assertEquals(Long.valueOf(12 * 8), row.withSegment(s -> Long.valueOf(s.byteSize())));
        assertEquals(Double.valueOf(12), row.withSegment(s -> Double.valueOf(s.get(ValueLayout.JAVA_DOUBLE, 0))));
        refused(() -> x.transpose().withSegment(s -> s), "contiguous", "[2, 4, 3]", "contiguous()");
    }

    @Test
    void wrongArgumentsAreRefusedWithShapes() {
        refused(() -> x.permute(0, 1), "permute", "[2, 3, 4]", "[0, 1]");
        refused(() -> x.permute(0, 1, 1), "permute", "[0, 1, 1]");
        refused(() -> x.permute(0, 1, 3), "permute", "[0, 1, 3]");
        refused(() -> x.permute(0, 1, -1), "permute");
        refused(() -> x.slice(3, 0, 1), "[2, 3, 4]", "3");
        refused(() -> x.slice(1, 2, 4), "slice", "axis 1", "[2, 3, 4]", "[2, 4)");
        refused(() -> x.slice(1, 2, 1), "slice", "[2, 1)");
        refused(() -> x.slice(1, -1, 1), "slice", "[-1, 1)");
        refused(() -> x.get(0, 0), "get", "[2, 3, 4]", "[0, 0]");
        refused(() -> x.get(0, 3, 0), "get", "[0, 3, 0]");
        refused(() -> x.get(-1, 0, 0), "get", "[-1, 0, 0]");
        refused(() -> x.item(), "item", "[2, 3, 4]");
        refused(() -> x.copyFrom(new float[3]), "copyFrom", "24", "[2, 3, 4]", "3");
        refused(() -> x.copyFrom(NdArray.zeros(scope, DType.F32, x.shape())), "copyFrom", "float64", "float32");
        refused(() -> x.copyFrom(x.transpose()), "copyFrom", "[2, 3, 4]", "[2, 4, 3]");
        refused(() -> x.transpose().copyFrom(new double[24]), "contiguous", "[2, 4, 3]");
        refused(() -> NdArray.of(scope, Shape.of(2), new float[3]), "of", "2 values", "[2]", "3");
        refused(() -> NdArray.zeros(scope, DType.F32, Shape.of(1L << 61)).size(), "zeros", "float32");
        refused(() -> NdArray.of(scope, Shape.of(3), new double[3]).transpose(), "transpose", "[3]");
    }

    @Test
    void shapesKnowTheirAxesAndRefuseBadExtents() {
        assertEquals("[2, 3]", Shape.of(2, 3).toString());
        assertEquals("[]", Shape.of().toString());
        assertEquals(1, Shape.of().size());
        assertEquals(4, x.shape().dim(-1));
        long[] dims = x.shape().dims();
        dims[0] = 9;
        assertEquals(Shape.of(2, 3, 4), x.shape());
        assertEquals(Shape.of(2, 4), x.shape().without(1));
        assertEquals(Shape.of(2, 3, 9), x.shape().with(-1, 9));
        assertEquals(Shape.of(4, 2, 3), Shape.broadcast("add", Shape.of(4, 1, 3), Shape.of(2, 1)));
        assertEquals(Shape.of(0, 3), Shape.broadcast("add", Shape.of(0, 1), Shape.of(1, 3)));
        refused(() -> Shape.of(2, -1), "[2, -1]", "at least 0");
        refused(() -> Shape.of(1L << 40, 1L << 40), "2^63");
        refused(() -> x.shape().dim(3), "[2, 3, 4]", "3");
        refused(() -> Shape.broadcast("add", Shape.of(2, 3), Shape.of(2)), "add", "[2, 3]", "[2]", "axis -1",
                "3 and 2");
    }
}

package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("one-width")
class AsideTest {
    @Test
    void placesLieApartInTheMemory() {
        Set<Long> offsets = new HashSet<>();
        for (int i = 0; i < 511; i++) {
            long offset = Aside.offset(Aside.next());
            assertEquals(0, offset % 128);
            assertTrue(offset > 0 && offset + 128 <= Aside.MEMORY.byteSize());
            assertTrue(offsets.add(offset), offset + " twice");
        }
        assertTrue(offsets.contains(Aside.offset(Aside.next())), "places begin anew when all are given");
    }

    @Test
    void anArrayForTilesGetsAPlaceOnceAndNoOtherHasIt() {
        for (Type type : Type.values()) {
            Object c = type.heapC();
            double place = placeAfterAProduct(type, c);
            assertNotEquals(0, place);
            assertEquals(place, placeAfterAProduct(type, c));
            assertNotEquals(place, placeAfterAProduct(type, type.heapC()));
        }
    }

    private static double placeAfterAProduct(Type type, Object heapC) {
        Buffer x = Buffer.gaussians(type, 1, 100);
        Buffer y = Buffer.of(type, 100);
        type.call("Gemm", "multiplyFresh", x, 10, 1, 0, 10, x, 10, 1, 10, 10, 0, 1, y, 10, 1, x, Buffer.of(type, 10_000), type.heapA(), heapC);
        return ((Number) Array.get(heapC, type.constant("Tiles", "PLACE"))).doubleValue();
    }
}

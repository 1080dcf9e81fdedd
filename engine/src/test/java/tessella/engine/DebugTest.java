package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What {@code -Dtessella.debug=true} adds, and that nothing of it is there without. */
class DebugTest {
    /** Uses an array after its end, then reads its memory behind the library's back. */
    static final class UseAfterEnd {
        public static void main(String[] arguments) {
            try (Scope scope = Scope.open()) {
                NdArray singles = born(scope, DType.F32);
                NdArray doubles = born(scope, DType.F64);
                MemorySegment kept = singles.withSegment(segment -> segment);
                MemorySegment keptDoubles = doubles.withSegment(segment -> segment);
                died(singles);
                died(doubles);
                System.out.println("memory " + kept.getAtIndex(ValueLayout.JAVA_FLOAT, 2) + " "
                        + keptDoubles.getAtIndex(ValueLayout.JAVA_DOUBLE, 2));
                singles.toFloats();
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }

        private static NdArray born(Scope scope, DType dtype) {
            return NdArray.full(scope, dtype, Shape.of(3), 5);
        }

        private static void died(NdArray array) {
            array.free();
        }
    }

    /** Forgets two scopes, one confined and one shared, and closes two others. */
    static final class Leaks {
        private static final CountDownLatch REPORTED = new CountDownLatch(2);

        public static void main(String[] arguments) throws InterruptedException {
            Logger logger = Logger.getLogger("tessella.engine");
            logger.setUseParentHandlers(false);
            logger.addHandler(new Handler() {
                @Override
                public void publish(LogRecord line) {
                    System.out.println(line.getLevel() + " " + line.getMessage());
                    REPORTED.countDown();
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            });
            forget();
            Thread thread = new Thread(Leaks::forgetConfined);
            thread.start();
            thread.join();
            closes();
            for (int wait = 0; wait < Integer.getInteger("rounds") && REPORTED.getCount() > 0; wait++) {
                System.gc();
                REPORTED.await(50, TimeUnit.MILLISECONDS);
            }
            System.out.println(REPORTED.getCount() + " missing");
        }

        private static void forget() {
            Workers.with(Workers.of(2), () -> {
                NdArray x = NdArray.full(Scope.shared(), DType.F32, Shape.of(1 << 20), 1);
                // the last region of the team must not keep the array
                Averages averages = new Averages(List.of(x));
                averages.source(0, x);
                averages.step(0, 1);
            });
        }

        private static void forgetConfined() {
            NdArray.zeros(Scope.open(), DType.F32, Shape.of(3));
        }

        private static void closes() {
            try (Scope scope = Scope.open(); Scope shared = Scope.shared()) {
                NdArray.zeros(scope, DType.F32, Shape.of(3));
                NdArray.zeros(shared, DType.F32, Shape.of(3));
            }
        }
    }

    @Test
    void freedMemoryIsNanAndTheErrorSaysWhereItWasAllocatedAndFreed() throws Exception {
        String out = Fork.output(UseAfterEnd.class, Fork.VECTORS, "-Dtessella.debug=true");
        assertTrue(out.startsWith("memory NaN NaN"), out);
        int allocated = out.indexOf("allocated here");
        int freed = out.indexOf("freed here");
        assertTrue(out.contains("float32 array [3] made by full was freed") && allocated > 0 && freed > allocated, out);
        assertTrue(out.substring(allocated, freed).contains("DebugTest$UseAfterEnd.born"), out);
        assertTrue(out.substring(freed).contains("DebugTest$UseAfterEnd.died"), out);
    }

    @Test
    void withoutDebuggingMemoryStaysAndTheErrorIsOneSentence() throws Exception {
        String out = Fork.output(UseAfterEnd.class, Fork.VECTORS);
        assertTrue(out.startsWith("memory 5.0 5.0"), out);
        assertEquals(2, out.lines().count(), out);
    }

    @Test
    void scopesThatWereNeverClosedAreReportedWithTheirPlaceAndNoOthers() throws Exception {
        String out = Fork.output(Leaks.class, Fork.VECTORS, "-Dtessella.debug=true", "-Drounds=1000");
        assertTrue(out.endsWith("0 missing"), out);
        assertEquals(2, out.split("WARNING a scope was never closed; its ", -1).length - 1, out);
        assertTrue(out.contains("; its 4194304 bytes are lost") && out.contains("; its 64 bytes are lost"), out);
        assertTrue(out.contains("DebugTest$Leaks.forgetConfined") && out.contains("DebugTest$Leaks.lambda$forget$"), out);
        assertTrue(!out.contains("DebugTest$Leaks.closes"), out);
        assertEquals("2 missing", Fork.output(Leaks.class, Fork.VECTORS, "-Drounds=5"));
    }
}

package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.refused;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

@ExtendWith(MemoryReturned.class)
class MemoryTest {
    private long budget;

    @BeforeEach
    void start() {
        budget = Memory.budget();
        Memory.trim();
    }

    @AfterEach
    void restore() {
        Memory.budget(budget);
    }

    @Test
    void sizeClassesWasteAFifthOfSmallBlocksAndASixteenthOfLargeOnesAtMost() {
        assertEquals(64, Memory.sizeClass(0));
        assertEquals(64, Memory.sizeClass(1));
        assertEquals(64, Memory.sizeClass(64));
        assertEquals(128, Memory.sizeClass(65));
        assertEquals(1024, Memory.sizeClass(1024));
        assertEquals(1280, Memory.sizeClass(1025));
        assertEquals(1 << 18, Memory.sizeClass((1 << 18) - 1));
        assertEquals(17 << 14, Memory.sizeClass((1 << 18) + 1));
        // a kernel of ViT-B/16
        assertEquals(4 * 768 * 3072, Memory.sizeClass(4 * 768 * 3072));
        long before = 0;
        int classes = 0;
        for (long bytes = 1; bytes < 1 << 22; bytes += 13) {
            long size = Memory.sizeClass(bytes);
            assertTrue(size >= bytes && size % 64 == 0 && Memory.sizeClass(size) == size, bytes + " -> " + size);
            assertTrue(bytes < 320 || size <= (bytes <= 1 << 18 ? 1.25 : 1.0625) * bytes, bytes + " -> " + size);
            classes += size > before ? 1 : 0;
            before = size;
        }
        assertTrue(classes < 110, classes + " classes");
    }

    @Test
    void everyArrayStartsOnACacheLineAndOverlapsNoOther() {
        try (Scope scope = Scope.open()) {
            NdArray[] arrays = new NdArray[200];
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = NdArray.full(scope, DType.F32, Shape.of(i * 37 % 500 + 1), i);
                assertEquals(0L, (long) arrays[i].withSegment(s -> Long.valueOf(s.address() % 64)));
            }
            for (int i = 0; i < arrays.length; i++) {
                for (float x : arrays[i].toFloats()) {
                    assertEquals(i, x);
                }
            }
        }
    }

    /** A step of training's kind: operators, scopes, scratch of the workers. */
    private static long step() {
        long before = Memory.reserved();
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F32, Shape.of(4, 60, 2, 32), 0.5);
            NdArray o = Heads.forward(x, x, x, 0.1).o();
            NdArray y = MatMul.multiply(o.reshape(Shape.of(240, 64)), NdArray.full(scope, DType.F32, Shape.of(64, 300),
                    1));
            Sums.sum(Softmaxes.forward(y, 1), 1, 0, 1).item();
        }
        return Memory.reserved() - before;
    }

    @Test
    void aSecondIdenticalStepTakesNothingFromTheSystem() {
        // one thread: how many of a team need scratch of their own is chance
        try (Workers one = Workers.of(1)) {
            LongSupplier step = () -> Workers.with(one, MemoryTest::step);
            assertTrue(step.getAsLong() > 0);
            for (int again = 0; again < 50; again++) {
                assertEquals(0, step.getAsLong());
            }
        }
    }

    /** Whichever thread meets the operator that needs scratch: all have it from then on, also those that slept. */
    @Test
    void everyThreadOfATeamIsReadyForWhatOneNeeded() {
        try (Workers team = Workers.of(4)) {
            team.run(2, (task, scratch) -> {
                if (task == 0) {
                    scratch.reserve(1 << 20, "test");
                }
            });
            team.run(2, (task, scratch) -> { });
            assertEquals(4 << 20, Memory.reserved());
            for (int region = 0; region < 50; region++) {
                team.run(8, (task, scratch) -> scratch.reserve(1 << 20, "test"));
                assertEquals(4 << 20, Memory.reserved());
            }
            Memory.budget(5 << 20);
            // a thread that needs more than there is is told; the others, and the next regions, go on
            Samples.requireMessage(OutOfBudgetException.class, () -> team.run(2, (task, scratch) ->
                    scratch.reserve((task + 1) << 22, "test")), "test: scratch needs");
            team.run(8, (task, scratch) -> scratch.reserve(1 << 20, "test"));
        }
        Memory.trim();
        assertEquals(0, Memory.reserved());
    }

    @Test
    void inUseAndPeakCountArraysByTheirSizeClass() {
        long before = Memory.inUse();
        Memory.resetPeak();
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F64, Shape.of(1000));
            NdArray.zeros(scope, DType.F64, Shape.of(10));
            assertEquals(before + 8192 + 128, Memory.inUse());
            x.free();
            assertEquals(before + 128, Memory.inUse());
        }
        assertEquals(before, Memory.inUse());
        assertEquals(before + 8192 + 128, Memory.peak());
        Memory.resetPeak();
        assertEquals(before, Memory.peak());
    }

    @Test
    void trimGivesFreeMemoryBackAndKeepsWhatIsUsed() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F32, Shape.of(1 << 18), 3);
            NdArray small = NdArray.full(scope, DType.F32, Shape.of(5), 4);
            long least = Memory.reserved();
            try (Scope inner = Scope.open()) {
                NdArray.zeros(inner, DType.F32, Shape.of(1 << 20));
                assertEquals(least + (4 << 20), Memory.reserved());
            }
            assertEquals(least + (4 << 20), Memory.reserved());
            Memory.trim();
            assertTrue(Memory.reserved() <= least, Memory.reserved() + " above " + least);
            assertEquals(3, x.get((1 << 18) - 1));
            assertEquals(4, small.get(4));
            assertEquals(8, Pointwise.scale(small, 2).get(4));
        }
        Memory.trim();
    }

    @Test
    void anExhaustedBudgetNamesOperatorAndShapeAndLeavesEverythingUsable() {
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.full(scope, DType.F32, Shape.of(2000, 3), 1);
            NdArray b = NdArray.full(scope, DType.F32, Shape.of(3, 2000), 2);
            Memory.trim();
            Memory.budget(Memory.reserved() + (8 << 20));
            long used = Memory.inUse();
            long bytes = scope.bytes();
            OutOfBudgetException e = Samples.requireMessage(OutOfBudgetException.class, () -> MatMul.multiply(a, b),
                    "matmul",
                    "[2000, 2000]", "budget of " + Memory.budget(), "in use", "tessella.memory.budget");
            assertTrue(e.getMessage().contains("" + Memory.sizeClass(16_000_000)), e.getMessage());
            assertEquals(used, Memory.inUse());
            assertEquals(bytes, scope.bytes());
            assertEquals(1, a.get(1999, 2));
            assertEquals(6, MatMul.multiply(a.slice(0, 0, 100), b.slice(1, 0, 100)).get(99, 99));
            Samples.requireMessage(OutOfBudgetException.class, () -> NdArray.zeros(scope, DType.F64, Shape.of(3,
                    1 << 20)),
                    "zeros", "[3, 1048576]");
            Memory.budget(budget);
            assertEquals(6, MatMul.multiply(a, b).get(1999, 1999));
        }
        refused(() -> Memory.budget(0), "budget", "positive", "0");
        assertEquals(budget, Memory.budget());
    }

    @Test
    void freeMemoryOfOtherSizesIsGivenBackBeforeARequestIsRefused() {
        try (Scope scope = Scope.open()) {
            Memory.budget(Memory.reserved() + (8 << 20));
            for (int megabytes = 1; megabytes <= 8; megabytes++) {
                NdArray x = NdArray.zeros(scope, DType.F32, Shape.of((long) megabytes << 18));
                x.free();
            }
            assertTrue(Memory.reserved() <= Memory.budget());
            NdArray.zeros(scope, DType.F32, Shape.of(7 << 18));
            refusedByBudget(() -> NdArray.zeros(scope, DType.F32, Shape.of(2 << 18)), "zeros", "[524288]");
        }
    }

    @Test
    void whatTheSystemRefusesIsToldAsABudgetIs() {
        Memory.budget(Long.MAX_VALUE);
        try (Scope scope = Scope.open()) {
            long reserved = Memory.reserved();
            refusedByBudget(() -> NdArray.zeros(scope, DType.F64, Shape.of(1L << 50)), "zeros", "[1125899906842624]",
                    "the system refuses", "in use");
            assertEquals(reserved, Memory.reserved());
            assertEquals(0, scope.bytes());
        }
    }

    private static void refusedByBudget(Executable action, String... parts) {
        Samples.requireMessage(OutOfBudgetException.class, action, parts);
    }

    @Test
    void theDefaultBudgetIsWhatTheMachineHasBeyondTheHeapButAQuarterAtLeast() {
        assertEquals(3L << 30, Memory.defaultBudget(4L << 30, 1L << 30));
        assertEquals(1L << 30, Memory.defaultBudget(4L << 30, 4L << 30));
        assertEquals(1L << 30, Memory.defaultBudget(4L << 30, 3L << 30));
        assertEquals(5L << 28, Memory.defaultBudget(4L << 30, 11L << 28));
    }

    /** Prints the budget, the heap, and the memory that the JVM believes the machine or its container to have. */
    static final class Budget {
        public static void main(String[] arguments) {
            OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            System.out.println(Memory.budget() + Runtime.getRuntime().maxMemory() - system.getTotalMemorySize());
        }
    }

    @Test
    void aProcessTakesItsBudgetFromItsMachineAndItsHeap() throws Exception {
        assertEquals("0", Fork.output(Budget.class, Fork.VECTORS, "-Xmx64m"));
        assertEquals("0", Fork.output(Budget.class, Fork.VECTORS, "-Xmx96m"));
    }
}

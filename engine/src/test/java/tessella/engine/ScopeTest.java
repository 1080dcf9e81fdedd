package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.illegal;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

@ExtendWith(MemoryReturned.class)
class ScopeTest {
    private static final Shape SHAPE = Shape.of(2, 3);

    /** Runs in another thread and throws what it threw. */
    private static void elsewhere(Executable action) throws Throwable {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().name("elsewhere").start(() -> {
            try {
                action.execute();
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        thread.join();
        if (thrown.get() != null) {
            throw thrown.get();
        }
    }

    @Test
    void resultsGoToTheInnermostScopeAndEndWithIt() {
        try (Scope outer = Scope.open()) {
            NdArray x = NdArray.full(outer, DType.F32, SHAPE, 1);
            NdArray y;
            try (Scope inner = Scope.open()) {
                assertSame(inner, Scope.current());
                y = Pointwise.scale(x, 2);
                assertSame(inner, y.scope());
                assertEquals(64, inner.bytes());
            }
            illegal(y::toFloats, "float32 array [2, 3]", "scale", "freed");
            assertSame(outer, Scope.current());
            assertEquals(1, x.get(1, 2));
        }
    }

    @Test
    void bytesAndPeakAreCountedPerScope() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(1024));
            NdArray y = NdArray.zeros(scope, DType.F32, Shape.of(1024));
            assertEquals(8192, scope.bytes());
            x.free();
            assertEquals(4096, scope.bytes());
            assertEquals(8192, scope.peakBytes());
            NdArray.zeros(scope, DType.F32, Shape.of(16));
            assertEquals(4160, scope.bytes());
            assertEquals(8192, scope.peakBytes());
            assertEquals(0, y.get(1023));
        }
    }

    @Test
    void closingTwiceOrInTheWrongOrderIsRefused() {
        Scope outer = Scope.open();
        Scope inner = Scope.open();
        illegal(outer::close, "inside it is still open", "inner one first");
        assertTrue(outer.isOpen());
        inner.close();
        illegal(inner::close, "closed twice");
        outer.close();
        assertFalse(outer.isOpen());
        illegal(outer::close, "closed twice");
        illegal(() -> NdArray.zeros(outer, DType.F32, SHAPE).size(), "zeros", "scope", "closed");
        illegal(Scope::current, "no scope is open", "Scope.open()");
    }

    @Test
    void closingWhileAnOperatorUsesTheMemoryIsRefusedAndLeavesItUsable() {
        try (Scope scope = Scope.open(); Scope parameters = Scope.shared()) {
            NdArray x = NdArray.full(scope, DType.F32, SHAPE, 3);
            x.withSegment(segment -> {
                illegal(scope::close, "operators are using its arrays");
                return null;
            });
            NdArray shared = NdArray.full(parameters, DType.F32, SHAPE, 4);
            shared.withSegment(segment -> {
                illegal(parameters::close, "1 operators are using its arrays");
                return null;
            });
            Workers.with(Workers.current(), () -> Region.run("test", 4, (task, scratch) ->
                    illegal(parameters::close, "operators are using"), shared));
            assertEquals(3, x.get(0, 0));
        }
    }

    @Test
    void memoryThatAnOperatorUsesIsNeitherFreedNorMoved() throws Throwable {
        try (Scope scope = Scope.open(); Scope inner = Scope.open(); Scope parameters = Scope.shared()) {
            NdArray other = NdArray.full(inner, DType.F32, SHAPE, 1);
            for (Scope owner : new Scope[] {inner, parameters}) {
                NdArray x = NdArray.full(owner, DType.F32, SHAPE, 3);
                NdArray view = x.transpose();
                x.withSegment(segment -> {
                    illegal(x::free, "freeing", "full", "1 operators are using its memory");
                    illegal(view::free, "freeing", "full");
                    illegal(() -> x.moveTo(scope), "moving", "full", "using its memory");
                    // other arrays of the scope are free to go
                    other.moveTo(scope);
                    assertEquals(6, Pointwise.scale(x, 2).get(1, 1));
                    return null;
                });
                assertEquals(3, view.get(2, 1));
                x.free();
                illegal(() -> x.get(0, 0), "freed");
            }
            NdArray held = NdArray.full(inner, DType.F32, SHAPE, 4).hold();
            held.withSegment(segment -> {
                illegal(held::letGo, "freeing", "full", "using its memory");
                return null;
            });
            assertEquals(4, held.get(0, 0));
            NdArray shared = NdArray.full(parameters, DType.F32, SHAPE, 5);
            shared.withSegment(segment -> {
                assertDoesNotThrow(() -> elsewhere(() -> illegal(shared::free, "freeing", "using its memory")));
                return null;
            });
            assertEquals(5, shared.get(0, 0));
        }
    }

    /** Who reads a shared array sees its numbers or a sentence, whenever another thread frees it and others take its memory. */
    @Test
    void freeingRacesWithReadersAndNeverUnderThem() throws InterruptedException {
        try (Scope parameters = Scope.shared()) {
            for (int round = 0; round < 200; round++) {
                NdArray x = NdArray.full(parameters, DType.F32, Shape.of(2000), 7);
                AtomicReference<String> wrong = new AtomicReference<>();
                Thread reader = Thread.ofPlatform().start(() -> {
                    try {
                        while (true) {
                            for (float value : x.toFloats()) {
                                if (value != 7) {
                                    wrong.set("read " + value);
                                }
                            }
                        }
                    } catch (IllegalStateException e) {
                        if (!e.getMessage().contains("freed")) {
                            wrong.set(e.getMessage());
                        }
                    }
                });
                for (boolean freed = false; !freed;) {
                    try {
                        x.free();
                        freed = true;
                    } catch (IllegalStateException e) {
                        assertTrue(e.getMessage().contains("using its memory"), e.getMessage());
                    }
                }
                try (Scope scope = Scope.open()) {
                    NdArray.full(scope, DType.F32, Shape.of(2000), round);
                }
                reader.join();
                assertNull(wrong.get());
            }
        }
    }

    @Test
    void aConfinedScopeBelongsToItsThread() throws Throwable {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F32, SHAPE, 1);
            elsewhere(() -> {
                illegal(() -> x.get(0, 0), "get", "elsewhere", "belongs to thread", "Scope.shared()");
                illegal(x::toFloats, "elsewhere", "belongs to thread");
                illegal(scope::close, "closing a scope", "elsewhere");
                illegal(() -> NdArray.zeros(scope, DType.F32, SHAPE).size(), "zeros", "elsewhere");
                illegal(Scope::current, "no scope is open in thread elsewhere");
                try (Scope own = Scope.open()) {
                    illegal(() -> Pointwise.scale(x, 2), "scale", "belongs to thread");
                    NdArray mine = NdArray.zeros(own, DType.F32, SHAPE);
                    illegal(() -> mine.moveTo(scope), "moving", "belongs to thread");
                    illegal(() -> Pointwise.apply(Pointwise.Binary.ADD, mine, x), "add", "belongs to thread");
                }
            });
        }
    }

    @Test
    void aSharedScopeIsReadByAllThreads() throws Throwable {
        try (Scope parameters = Scope.shared()) {
            NdArray x = NdArray.full(parameters, DType.F32, SHAPE, 2);
            elsewhere(() -> {
                try (Scope own = Scope.open()) {
                    NdArray y = Pointwise.scale(x, 3);
                    assertSame(own, y.scope());
                    assertEquals(6, y.get(1, 1));
                }
            });
            illegal(Scope::current, "no scope is open");
        }
    }

    @Test
    void moveToLetsAnArrayAndItsViewsOutliveTheirScope() {
        try (Scope outer = Scope.open()) {
            NdArray x;
            NdArray view;
            try (Scope inner = Scope.open()) {
                x = NdArray.full(inner, DType.F64, SHAPE, 5);
                view = x.transpose();
                x.moveTo(outer);
                assertEquals(0, inner.bytes());
            }
            assertEquals(5, view.get(2, 1));
            assertSame(outer, view.scope());
            assertEquals(64, outer.bytes());
        }
        Scope closed = Scope.open();
        closed.close();
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F64, SHAPE, 5);
            illegal(() -> x.moveTo(closed), "moving", "full", "closed");
            assertEquals(5, x.get(0, 0));
        }
    }

    @Test
    void liveUntilMovesOutwardsOnly() {
        try (Scope outer = Scope.open(); Scope parameters = Scope.shared()) {
            NdArray old = NdArray.zeros(outer, DType.F32, SHAPE);
            NdArray parameter = NdArray.zeros(parameters, DType.F32, SHAPE);
            NdArray x;
            try (Scope inner = Scope.open()) {
                x = NdArray.zeros(inner, DType.F32, SHAPE).liveUntil(outer);
                assertSame(outer, x.scope());
                assertSame(outer, old.liveUntil(inner).scope());
                assertSame(parameters, parameter.liveUntil(outer).scope());
            }
            assertEquals(0, x.get(0, 0));
        }
    }

    @Test
    void freeingEarlyReturnsTheMemoryOnceAndForAllViews() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, SHAPE);
            NdArray view = x.transpose();
            view.free();
            assertEquals(0, scope.bytes());
            illegal(x::free, "free", "[2, 3]", "zeros");
            illegal(() -> view.get(0, 0), "get", "[3, 2]", "zeros");
        }
    }

    @Test
    void theLastHolderFrees() {
        try (Scope scope = Scope.open(); Scope parameters = Scope.shared()) {
            NdArray x = NdArray.zeros(scope, DType.F32, SHAPE);
            assertTrue(x.isUnheld());
            x.hold();
            assertTrue(x.isHeldOnce());
            x.transpose().hold();
            assertFalse(x.isHeldOnce());
            x.letGo();
            assertEquals(0, x.get(0, 0));
            x.letGo();
            illegal(() -> x.get(0, 0), "freed");
            x.letGo();
            NdArray parameter = NdArray.zeros(parameters, DType.F32, SHAPE);
            parameter.hold().letGo();
            assertEquals(0, parameter.get(0, 0));
            assertFalse(parameter.isUnheld());
        }
    }
}

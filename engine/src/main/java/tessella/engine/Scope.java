package tessella.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The upper bound of the lifetime of arrays: closing a scope frees all that is left in it.
 *
 * <pre>{@code
 * try (Scope scope = Scope.open()) {
 *     NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
 *     ...
 * }
 * }</pre>
 *
 * <p>{@link #open} gives a scope confined to its thread; such scopes nest, and results of operators go to the innermost
 * one. {@link #shared} gives one that any thread may read from, for the parameters of a model. An array moves to an outer
 * scope by {@link NdArray#moveTo}, and may be freed early by {@link NdArray#free}.
 */
public final class Scope implements AutoCloseable {
    private static final ThreadLocal<Scope> INNERMOST = new ThreadLocal<>();

    private final Thread owner;
    private final Scope outer;
    private final List<Allocation> live = new ArrayList<>();
    private long bytes;
    private long peak;
    private int readers;
    private boolean closed;
    private final Debug.Leak leak;

    private Scope(Thread owner, Scope outer) {
        Platform.require();
        this.owner = owner;
        this.outer = outer;
        leak = Debug.ON ? Debug.watch(this) : null;
    }

    /** Opens a scope confined to this thread, inside the innermost open one. */
    public static Scope open() {
        Scope scope = new Scope(Thread.currentThread(), INNERMOST.get());
        INNERMOST.set(scope);
        return scope;
    }

    /** Opens a scope that every thread may use; operators do not put results into it. */
    public static Scope shared() {
        return new Scope(null, null);
    }

    /**
     * The innermost open scope of this thread.
     *
     * @throws IllegalStateException if there is none
     */
    public static Scope current() {
        Scope scope = INNERMOST.get();
        if (scope == null) {
            throw new IllegalStateException("no scope is open in thread " + Thread.currentThread().getName()
                    + ": results of operators need one, write try (Scope scope = Scope.open()) { ... }");
        }
        return scope;
    }

    /** Bytes of the arrays that are alive in this scope. */
    public synchronized long bytes() {
        return bytes;
    }

    /** The most bytes that were alive in this scope at once. */
    public synchronized long peakBytes() {
        return peak;
    }

    /** Whether the scope is still open. */
    public synchronized boolean isOpen() {
        return !closed;
    }

    /**
     * Frees every array that is left.
     *
     * @throws IllegalStateException if it is closed already, if a scope inside it is open, if an operator is using its
     *     arrays, or if another thread opened it
     */
    @Override
    public synchronized void close() {
        checkThread("closing a scope");
        if (closed) {
            throw new IllegalStateException("scope: closed twice");
        }
        if (readers > 0) {
            throw new IllegalStateException("scope: " + readers + " operators are using its arrays; close it after they end");
        }
        if (owner != null) {
            if (INNERMOST.get() != this) {
                throw new IllegalStateException("scope: a scope opened inside it is still open; close the inner one first");
            }
            INNERMOST.set(outer);
        }
        closed = true;
        if (leak != null) {
            leak.closed();
        }
        while (!live.isEmpty()) {
            live.getLast().close();
        }
    }

    /** Whether this scope lies inside another of the same thread, and so ends first. */
    public boolean isInside(Scope other) {
        for (Scope scope = outer; scope != null; scope = scope.outer) {
            if (scope == other) {
                return true;
            }
        }
        return false;
    }

    void checkThread(String what) {
        if (owner != null && owner != Thread.currentThread()) {
            throw new IllegalStateException(what + " in thread " + Thread.currentThread().getName()
                    + ": its scope belongs to thread " + owner.getName() + "; use Scope.shared() for arrays of several threads");
        }
    }

    boolean isShared() {
        return owner == null;
    }

    synchronized void enter(Allocation allocation) {
        readers++;
        allocation.readers++;
    }

    synchronized void exit(Allocation allocation) {
        readers--;
        allocation.readers--;
    }

    synchronized void add(Allocation allocation) {
        if (closed) {
            throw new IllegalStateException(allocation.op + ": the scope that should take an array of " + allocation.bytes()
                    + " bytes is closed; make the array inside an open scope");
        }
        allocation.place = live.size();
        live.add(allocation);
        bytes += allocation.bytes();
        peak = Math.max(peak, bytes);
        tell();
    }

    synchronized void remove(Allocation allocation, String what) {
        if (allocation.readers > 0) {
            throw new IllegalStateException(what + " an array made by " + allocation.op + ": " + allocation.readers
                    + " operators are using its memory; wait until they end");
        }
        Allocation last = live.removeLast();
        if (last != allocation) {
            live.set(allocation.place, last);
            last.place = allocation.place;
        }
        bytes -= allocation.bytes();
        tell();
    }

    private void tell() {
        if (leak != null) {
            leak.holds(bytes);
        }
    }
}

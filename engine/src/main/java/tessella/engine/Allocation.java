package tessella.engine;

import java.lang.foreign.MemorySegment;

/** A block of memory, the scope that owns it, and how many holders (views kept by a tape) count on it. */
final class Allocation {
    private final Memory.Block block;
    final String op;
    private Scope scope;
    private boolean closed;
    private int holders;
    /** Index in the scope's list. */
    int place;
    /** Regions that use the memory now, counted by the scope. */
    int readers;
    private final Throwable opened = Debug.ON ? new Throwable("allocated here") : null;
    private Throwable freed;

    Allocation(Scope scope, long bytes, String op, Shape shape) {
        scope.checkThread(op);
        this.op = op;
        this.scope = scope;
        block = Memory.take(bytes, op, shape);
        try {
            scope.add(this);
        } catch (RuntimeException e) {
            Memory.give(block);
            throw e;
        }
    }

    long bytes() {
        return block.capacity;
    }

    Scope scope() {
        return scope;
    }

    boolean isClosed() {
        return closed;
    }

    MemorySegment segment() {
        return block.segment();
    }

    long offset() {
        return block.offset;
    }

    /** One holder more; parameters in a shared scope live as long as it, and threads would race on the count. */
    void hold() {
        if (!scope.isShared()) {
            holders++;
        }
    }

    /** One holder less; the memory is freed with the last. */
    void release() {
        if (!closed && !scope.isShared() && --holders == 0) {
            close();
        }
    }

    boolean isUnheld() {
        return holders == 0 && !scope.isShared();
    }

    boolean isHeldOnce() {
        return holders == 1;
    }

    void moveTo(Scope target) {
        target.checkThread("moving an array");
        if (!target.isOpen()) {
            throw new IllegalStateException("moving an array made by " + op + ": the scope it should move to is closed");
        }
        scope.remove(this, "moving");
        target.add(this);
        scope = target;
    }

    void close() {
        // under the lock under which regions enter, so that none begins on memory that is given back
        synchronized (scope) {
            scope.remove(this, "freeing");
            closed = true;
        }
        if (Debug.ON) {
            freed = new Throwable("freed here");
            Debug.poison(block);
        }
        Memory.give(block);
    }

    /** In debug mode, where the memory was allocated and freed. */
    String history() {
        return Debug.ON ? System.lineSeparator() + Debug.trace(opened) + Debug.trace(freed) : "";
    }
}

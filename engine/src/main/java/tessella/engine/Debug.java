package tessella.engine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What {@code -Dtessella.debug=true} adds: the places where memory was allocated and freed in errors, freed memory filled
 * with NaN, and a warning for each scope that was collected without being closed.
 */
final class Debug {
    static final boolean ON = Boolean.getBoolean("tessella.debug");
    private static final Cleaner CLEANER = ON ? Cleaner.create() : null;

    private Debug() {}

    /** Fills freed memory with bytes that read as NaN in every float type. */
    static void poison(Memory.Block block) {
        block.segment().asSlice(block.offset, block.capacity).fill((byte) 0xff);
    }

    static String trace(Throwable place) {
        StringWriter out = new StringWriter();
        place.printStackTrace(new PrintWriter(out));
        return out.toString();
    }

    /** Warns when the scope becomes garbage while still open. */
    static Leak watch(Scope scope) {
        Leak leak = new Leak(new Throwable("opened here"));
        CLEANER.register(scope, leak);
        return leak;
    }

    static final class Leak implements Runnable {
        private final Throwable opened;
        private final AtomicBoolean closed = new AtomicBoolean();
        private volatile long bytes;

        Leak(Throwable opened) {
            this.opened = opened;
        }

        void closed() {
            closed.set(true);
        }

        void holds(long bytes) {
            this.bytes = bytes;
        }

        @Override
        public void run() {
            if (!closed.get()) {
                System.getLogger("tessella.engine").log(System.Logger.Level.WARNING,
                        "a scope was never closed; its " + bytes + " bytes are lost" + System.lineSeparator() + trace(opened));
            }
        }
    }
}

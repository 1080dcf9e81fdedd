package tessella.models.cli;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Whether the process was asked to end, by Ctrl-C or by the system, so that long work can end well. */
final class Interruption {
    /** How long the end of the process waits for the work. */
    private static final long PATIENCE_SECONDS = 60;

    private volatile boolean requested;

    /** Work that may fail to read or write. */
    interface Work {
        void run() throws IOException;
    }

    /** Whether the work should end soon; asked by any thread. */
    boolean isRequested() {
        return requested;
    }

    /** Does the work; if the process is asked to end meanwhile, its end waits for the work. */
    void during(Work work) throws IOException {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().unstarted(() -> {
            requested = true;
            try {
                ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            work.run();
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process is ending: the hook runs, and is told by the latch
            }
        }
    }
}

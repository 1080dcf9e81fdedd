package tessella.models.cli;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets long work end well when the process is asked to end, by Ctrl-C or by the system. */
final class Interruption {
    /** How long the end of the process waits for the work. */
    private static final long PATIENCE_SECONDS = 60;

    private Interruption() {}

    /** Work that may fail to read or write. */
    interface Work {
        void run() throws IOException;
    }

    /** Does the work; if the process is asked to end meanwhile, it is told to stop, and the end waits for it. */
    static void runUntilStopped(Runnable stop, Work work) throws IOException {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().unstarted(() -> {
            stop.run();
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

package tessella.kernels;

import java.util.Arrays;

/**
 * Whether a kernel is compiled, found out by running a little of it now and then. Until C2 has compiled a method of many vectors, each of
 * them is an object, and it is slower than plain loops, which need little compiling. All threads count without a lock: a trial that is
 * lost costs nothing.
 */
final class Trial {
    /** Vectors from the first call on with -Dtessella.gemm.plain=false. */
    private static final boolean PLAIN = !"false".equals(System.getProperty("tessella.gemm.plain"));
    /** Steps that are run: the compiler counts calls and steps, and after many steps would compile the loop alone, as long again. */
    static final int STEPS = 32;
    /** At first each call is tried, for the compiler to begin soon, then one of so many. */
    private static final int FIRST = 30;
    private static final int EVERY = 16;
    /** Compiled, a trial takes less than a microsecond, else more than a hundred. */
    private static final long FAST_NANOS = 10_000;
    private static final int FAST_TRIALS = 2;

    private int calls;
    private int fast;
    private boolean over;

    Trial(boolean over) {
        this.over = over;
    }

    /** Trials of as many kernels. */
    static Trial[] of(int kernels) {
        Trial[] out = new Trial[kernels];
        Arrays.setAll(out, i -> new Trial(!PLAIN));
        return out;
    }

    /** Whether the kernel is known to be compiled. */
    boolean isOver() {
        return over;
    }

    /** Counts a call; whether a trial should precede it. */
    boolean isDue() {
        int call = calls++;
        return call < FIRST || call % EVERY == 0;
    }

    /** Tells what a trial took. */
    void took(long nanos) {
        fast = nanos < FAST_NANOS ? fast + 1 : 0;
        over = fast >= FAST_TRIALS;
    }
}

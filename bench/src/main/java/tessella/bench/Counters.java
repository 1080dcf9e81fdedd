package tessella.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import tessella.engine.Memory;

/**
 * What JMH shows beside the calls a second: thousands of millions of operations and of bytes a second ({@link Cost}), and the bytes
 * a second that the process takes from the heap and from the system. Divided by the calls a second they are those of a call;
 * {@link Compare} and {@link RooflinePlot} do so.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Counters {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Floating-point operations, in thousands of millions. */
    public double gflop;
    /** Bytes that operands and results have, in thousands of millions. */
    public double gbyte;

    private long heapBefore;
    private long offHeapBefore;

    /** Begins to count bytes. */
    @Setup(Level.Iteration)
    public void start() {
        heapBefore = THREADS.getTotalThreadAllocatedBytes();
        offHeapBefore = Memory.reserved();
    }

    /** Bytes that all threads took from the heap in this iteration. */
    public double heapBytes() {
        return THREADS.getTotalThreadAllocatedBytes() - heapBefore;
    }

    /** Bytes that the engine took from the system in this iteration: 0 once it is warm. */
    public double offHeapBytes() {
        return Math.max(0, Memory.reserved() - offHeapBefore);
    }

    final void add(Cost cost) {
        gflop += cost.flop() * 1e-9;
        gbyte += cost.bytes() * 1e-9;
    }
}

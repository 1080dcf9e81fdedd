package tessella.models.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import tessella.kernels.Precision;

/**
 * Times kernels on one thread, each against the multiply-adds and copies of about the same moment. Of many batches the fastest
 * counts, so that work of others on the machine is not taken for a slow kernel.
 *
 * @param kernels   what is timed, those of a family side by side
 * @param brief     the same kernels, in their order, on arguments that take little time
 * @param precision what they compute in
 * @param seconds   for all, roughly; some of it is left for those that look slow
 */
record KernelTimes(List<Kernel> kernels, List<Kernel> brief, Precision precision, double seconds) {
    /** Calls of a kernel at a time before the first figure. */
    private static final int CALLS = 500;
    /** The least times and the most that they are made: the compiler wants thousands of calls. */
    private static final int ROUNDS = 4;
    private static final int MOST_ROUNDS = 20;
    /** Batches that a kernel's time is cut into. */
    private static final int BATCHES = 10;
    /** Below it the loops that kernels are held against are not measured well. */
    private static final double LEAST_BOUND = 0.02;
    /** How much more of the time there is for those that have fallen: no alarm before they had their chance. */
    private static final double LONGER = 0.4;
    /** The most that a kernel is timed. */
    private static final int TRIES = 4;

    /** Times all of them, then those again that look slow, the slowest first, while there is time. */
    List<CheckReport.Timed> run() {
        double each = seconds / 3 / kernels.size();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (int round = 0; round < ROUNDS || round < MOST_ROUNDS && System.nanoTime() < end - seconds * 2e9 / 3; round++) {
            brief.forEach(kernel -> warmUp(kernel.call(), each));
        }
        Bounds.measure(1, Math.max(each, LEAST_BOUND), LongStream.of(Kernels.WORKING_SET));
        List<CheckReport.Timed> out = new ArrayList<>();
        Bounds bounds = null;
        String family = "";
        for (Kernel kernel : kernels) {
            if (!kernel.family().equals(family)) {
                bounds = bounds(each);
                family = kernel.family();
            }
            out.add(timed(kernel, each, bounds));
        }
        int[] tries = new int[kernels.size()];
        for (int slow = slowest(out, tries); slow >= 0; slow = slowest(out, tries)) {
            if (System.nanoTime() > end + (out.get(slow).hasFallen() ? LONGER * seconds * 1e9 : 0)) {
                break;
            }
            tries[slow]++;
            for (int round = 0; round < ROUNDS; round++) {
                warmUp(brief.get(slow).call(), each);
            }
            CheckReport.Timed again = timed(kernels.get(slow), each, bounds(each));
            if (again.relative() > out.get(slow).relative()) {
                out.set(slow, again);
            }
        }
        return out;
    }

    /** The kernel that is farthest below its share and may be timed again, or -1. */
    private static int slowest(List<CheckReport.Timed> timed, int[] tries) {
        int slow = -1;
        for (int i = 0; i < tries.length; i++) {
            double relative = timed.get(i).relative();
            if (relative < 1 && tries[i] < TRIES - 1 && (slow < 0 || relative < timed.get(slow).relative())) {
                slow = i;
            }
        }
        return slow;
    }

    /** The better of two measurements: others on the machine slow either. A vector has half as many elements of twice the bytes. */
    private Bounds bounds(double each) {
        double half = Math.max(each / 2, LEAST_BOUND);
        Bounds one = Bounds.measured(1, half, LongStream.of(Kernels.WORKING_SET));
        Bounds two = Bounds.measured(1, half, LongStream.of(Kernels.WORKING_SET));
        double flops = Math.max(one.flops(), two.flops());
        Bounds copies = one.copy(Kernels.WORKING_SET) > two.copy(Kernels.WORKING_SET) ? one : two;
        return new Bounds(precision == Precision.SINGLE ? flops : flops / 2, copies.copies());
    }

    private static CheckReport.Timed timed(Kernel kernel, double seconds, Bounds bounds) {
        double time = fastest(kernel.call(), seconds);
        double least = bounds.seconds(kernel.flop(), kernel.bytes(), Kernels.WORKING_SET);
        return new CheckReport.Timed(kernel.title(), kernel.flop() / time, kernel.bytes() / time, least / time, kernel.expected());
    }

    private static void warmUp(Runnable call, double seconds) {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (int i = 0; i < CALLS && System.nanoTime() < end; i++) {
            call.run();
        }
    }

    /** Seconds of a call, the mean of the fastest batch. */
    private static double fastest(Runnable call, double seconds) {
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        call.run();
        int calls = (int) Math.clamp(seconds * 1e9 / BATCHES / Math.max(1, System.nanoTime() - start), 1, 1e6);
        double best = Double.POSITIVE_INFINITY;
        do {
            long from = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            best = Math.min(best, Math.max(1, System.nanoTime() - from) / 1e9 / calls);
        } while (System.nanoTime() < end);
        return best;
    }
}

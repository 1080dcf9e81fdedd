package tessella.bench;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import tessella.autodiff.Tape;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.nn.Initializer;

/**
 * What all benchmarks share: a team of threads, operands of normal numbers that live for the whole run, and calls a second of an
 * operation whose results live in a scope of their own, so that memory is taken and given back as in a model.
 *
 * <p>The arguments of the JVM are prepended, so that {@code -jvmArgsAppend} of the command line adds to them.
 */
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsPrepend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public abstract class EngineBenchmark {
    /** Sees the results of calls while they live. */
    interface Witness {
        void see(EngineBenchmark benchmark, Cost cost, NdArray... results);
    }

    /** Nobody, but in tests. */
    static volatile Witness witness = (benchmark, cost, results) -> { };

    /** Threads of the team. */
    @Param("1")
    public int threads;

    private Scope scope;
    private Workers workers;

    /** Takes threads and memory. */
    @Setup
    public final void setUp() {
        scope = Scope.shared();
        workers = Workers.of(threads);
        Workers.with(workers, () -> {
            try (Scope _ = Scope.open()) {
                prepare();
            }
        });
    }

    /** Returns the memory and the threads. */
    @TearDown
    public final void tearDown() {
        release();
        workers.close();
        scope.close();
    }

    /** Makes the operands; results that are not kept go at the end. */
    abstract void prepare();

    /** Closes what owns memory of its own. */
    void release() {
    }

    /** The scope of the operands. */
    final Scope scope() {
        return scope;
    }

    /** An operand of normal numbers that depend on its name and shape only. */
    final NdArray normal(String name, DType dtype, Shape shape) {
        NdArray array = NdArray.empty(scope, dtype, shape);
        Initializer.normal(1).fill(array, Random.of(1, name));
        return array;
    }

    /** Lets results outlive {@link #prepare}. */
    final void keep(NdArray... results) {
        for (NdArray result : results) {
            result.moveTo(scope);
        }
    }

    /** Computes once, and gives the last element of the first result. */
    final double measure(Counters counters, Cost cost, Supplier<NdArray> operation) {
        return Workers.with(workers, () -> {
            try (Scope _ = Scope.open()) {
                return seen(counters, cost, operation.get());
            }
        });
    }

    /** As {@link #measure}, recorded. */
    final double measureRecorded(Counters counters, Cost cost, Function<Tape, NdArray[]> operation) {
        return Workers.with(workers, () -> {
            try (Tape tape = Tape.record()) {
                return seen(counters, cost, operation.apply(tape));
            }
        });
    }

    /** As {@link #measure}, of several results. */
    final double measureAll(Counters counters, Cost cost, Supplier<NdArray[]> operation) {
        return Workers.with(workers, () -> {
            try (Scope _ = Scope.open()) {
                return seen(counters, cost, operation.get());
            }
        });
    }

    private double seen(Counters counters, Cost cost, NdArray... results) {
        counters.add(cost);
        witness.see(this, cost, results);
        Shape shape = results[0].shape();
        long[] last = new long[shape.rank()];
        for (int axis = 0; axis < last.length; axis++) {
            last[axis] = shape.dim(axis) - 1;
        }
        return results[0].get(last);
    }
}

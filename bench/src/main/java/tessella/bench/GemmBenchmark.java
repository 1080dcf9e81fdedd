package tessella.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import tessella.engine.DType;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.nn.Initializer;

/** Products a second of A [m, k] and B [k, n], and their GFLOP a second, packing and memory of the result included. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class GemmBenchmark {
    /** Extents m x k x n: a layer of ViT-B/16 on one picture, its attention's size, and a square one. */
    @Param({"197x768x3072", "197x64x197", "1024x1024x1024"})
    public String shape;

    /** The type of the elements. */
    @Param({"F32", "F64"})
    public DType dtype;

    /** Threads of the team. */
    @Param("1")
    public int threads;

    private tessella.engine.Scope scope;
    private Workers workers;
    private Extents extents;
    private NdArray a;
    private NdArray b;

    /** Counts the work of each product. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Work {
        /** 2 m k n, in thousands of millions. */
        public double gflop;
    }

    /** Fills A and B with normal numbers. */
    @Setup
    public void setUp() {
        extents = Extents.parse(shape);
        scope = tessella.engine.Scope.shared();
        workers = Workers.of(threads);
        a = normal("a", Shape.of(extents.m(), extents.k()));
        b = normal("b", Shape.of(extents.k(), extents.n()));
    }

    /** Returns the memory and the threads. */
    @TearDown
    public void tearDown() {
        workers.close();
        scope.close();
    }

    /** One product; gives its last element. */
    @Benchmark
    public double multiply(Work work) {
        work.gflop += extents.gflop();
        return Workers.with(workers, () -> {
            try (tessella.engine.Scope _ = tessella.engine.Scope.open()) {
                return MatMul.multiply(a, b).get(extents.m() - 1, extents.n() - 1);
            }
        });
    }

    private NdArray normal(String name, Shape of) {
        NdArray array = NdArray.empty(scope, dtype, of);
        Initializer.normal(1).fill(array, Random.of(1, name));
        return array;
    }
}

package tessella.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
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
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.nn.Initializer;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;

/** One Soft MoE layer on a batch of sequences, in milliseconds: its forward pass, and that with its gradients. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
public class SoftMoeBenchmark {
    /** Layers to measure. */
    public enum Layer {
        /** A layer so small that nothing but its overhead shows. */
        SMALLEST(1, 4, 8, 16, new SoftMoeConfig(2, 2, 1)),
        /** The layer of soft-moe-tiny in training: patches of 4 on pictures of 28. */
        TINY(16, 49, 64, 256, new SoftMoeConfig(16, 3, 1)),
        /** The width and the tokens of ViT-S/16, with slots for all tokens. */
        S_16(4, 196, 384, 1536, new SoftMoeConfig(14, 14, 1));

        private final Shape tokens;
        private final int hidden;
        private final SoftMoeConfig config;

        Layer(int batch, int tokens, int width, int hidden, SoftMoeConfig config) {
            this.tokens = Shape.of(batch, tokens, width);
            this.hidden = hidden;
            this.config = config;
        }
    }

    /** The layer. */
    @Param({"TINY", "S_16"})
    public Layer layer;

    /** Threads of the team. */
    @Param("1")
    public int threads;

    private tessella.engine.Scope scope;
    private Workers workers;
    private Parameters parameters;
    private SoftMoe moe;
    private Tensor tokens;

    /** Makes the layer and its input. */
    @Setup
    public void setUp() {
        scope = tessella.engine.Scope.shared();
        workers = Workers.of(threads);
        List<ParameterSpec> specs = SoftMoe.specs("moe", layer.tokens.dim(-1), layer.hidden, layer.config);
        parameters = Parameters.initialized(specs, DType.F32, 1);
        moe = new SoftMoe(parameters, "moe", layer.config);
        NdArray values = NdArray.empty(scope, DType.F32, layer.tokens);
        Initializer.normal(1).fill(values, Random.of(1, "tokens"));
        tokens = Tensor.of(values);
    }

    /** Returns the memory and the threads. */
    @TearDown
    public void tearDown() {
        workers.close();
        parameters.close();
        scope.close();
    }

    /** The forward pass without a tape; gives the mean of the result. */
    @Benchmark
    public double forward() {
        return Workers.with(workers, () -> {
            try (tessella.engine.Scope _ = tessella.engine.Scope.open()) {
                return mean().item();
            }
        });
    }

    /** Forward and backward to every parameter; gives an element of a gradient. */
    @Benchmark
    public double gradients() {
        return Workers.with(workers, () -> {
            try (Tape tape = Tape.record()) {
                NdArray gradient = tape.gradients(mean()).of(parameters.all().iterator().next());
                return gradient.get(new long[gradient.shape().rank()]);
            }
        });
    }

    private Tensor mean() {
        return Reductions.mean(moe.apply(tokens, Observer.NONE));
    }
}

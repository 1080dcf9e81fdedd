package tessella.bench;

import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Shape;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;

/** One Soft MoE layer on a batch of sequences: its forward pass, and that with the gradients of its parameters. */
public class SoftMoeBenchmark extends EngineBenchmark {
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

        private double flop() {
            return 2.0 * tokens.dim(0) * SoftMoe.multiplyAdds(tokens.dim(1), tokens.dim(2), hidden, config);
        }
    }

    /** The layer. */
    @Param({"TINY", "S_16"})
    public Layer layer;

    Parameters parameters;
    Tensor tokens;
    private SoftMoe moe;
    private Cost forward;
    private Cost both;

    @Override
    void prepare() {
        List<ParameterSpec> specs = SoftMoe.specs("moe", layer.tokens.dim(-1), layer.hidden, layer.config);
        parameters = Parameters.initialized(specs, DType.F32, 1);
        moe = new SoftMoe(parameters, "moe", layer.config);
        tokens = Tensor.of(normal("tokens", DType.F32, layer.tokens));
        double parameterBytes = 4.0 * parameters.count();
        forward = Cost.of(layer.flop(), tokens.value(), tokens.value()).plus(new Cost(0, parameterBytes));
        // backward, each product has two, but for the tokens of logits and slots, whose gradient nobody asks for
        double product = 2.0 * layer.tokens.size() * layer.config.experts() * layer.config.slots();
        both = forward.plus(Cost.of(2 * layer.flop() - 2 * product, tokens.value()).plus(new Cost(0, 2 * parameterBytes)));
    }

    @Override
    void release() {
        parameters.close();
    }

    private Tensor apply() {
        return moe.apply(tokens, Observer.NONE);
    }

    /** The forward pass without a tape. */
    @Benchmark
    public double forward(Counters counters) {
        return measure(counters, forward, () -> apply().value());
    }

    /** Forward, and backward from the mean of the squares to every parameter. */
    @Benchmark
    public double gradients(Counters counters) {
        return measureRecorded(counters, both, tape -> {
            Gradients gradients = tape.gradients(Reductions.mean(Elementwise.square(apply())));
            return parameters.all().stream().map((Parameter parameter) -> gradients.of(parameter)).toArray(NdArray[]::new);
        });
    }
}

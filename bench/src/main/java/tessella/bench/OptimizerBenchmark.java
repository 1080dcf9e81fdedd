package tessella.bench;

import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Update;
import tessella.engine.UpdateRule;
import tessella.models.nn.Parameters;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/**
 * A step of AdamW over all tensors of a model, with the global norm of the gradients that clipping wants. An element costs 18
 * operations and 32 bytes: gradient, parameter and two moments read, the last three written, the gradient read once more before
 * for the norm.
 */
public class OptimizerBenchmark extends EngineBenchmark {
    static final double RATE = 1e-5;
    static final double DECAY = 0.1;
    static final long SEED = 1;

    /** The model whose tensors are moved. */
    @Param({"soft-moe-tiny", "vit-ti16", "vit-b16"})
    public String preset;

    Parameters parameters;
    final List<NdArray> gradients = new ArrayList<>();
    private Update update;
    private Cost cost;

    @Override
    void prepare() {
        parameters = Parameters.initialized(VisionTransformer.specs(VitConfig.preset(preset)), DType.F32, SEED);
        List<Update.Target> targets = new ArrayList<>();
        gradients.clear();
        for (Parameter parameter : parameters.all()) {
            targets.add(new Update.Target(parameter.value(), 1, DECAY));
            gradients.add(normal(parameter.name(), DType.F32, parameter.shape()));
        }
        update = Update.of(UpdateRule.Adam.DEFAULT, scope(), targets);
        cost = new Cost(18.0 * parameters.count(), 8.0 * DType.F32.bytes() * parameters.count());
    }

    @Override
    void release() {
        parameters.close();
    }

    /** One step; gives the last element of the first tensor. */
    @Benchmark
    public double adamW(Counters counters) {
        return measureAll(counters, cost, () -> {
            for (int i = 0; i < gradients.size(); i++) {
                update.gradient(i, gradients.get(i));
            }
            double norm = update.norm();
            update.step(RATE, Math.min(1, 1 / norm), Double.POSITIVE_INFINITY);
            return parameters.all().stream().map(Parameter::value).toArray(NdArray[]::new);
        });
    }
}

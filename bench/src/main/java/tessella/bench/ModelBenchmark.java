package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.NdArray;

/** Whole models: their forward pass without a tape, and a step of training with AdamW and clipping. */
public class ModelBenchmark extends EngineBenchmark {
    /** Preset and batch. */
    @Param({"soft-moe-tiny/1", "soft-moe-tiny/16", "vit-tiny/16", "vit-ti16/1", "vit-ti16/8", "vit-s16/1", "vit-b16/1"})
    public String model;

    ModelRun run;
    private Cost forward;
    private Cost step;

    @Override
    void prepare() {
        run = ModelRun.of(model, scope());
        forward = run.forwardCost();
        step = run.stepCost();
    }

    @Override
    void release() {
        run.close();
    }

    /** Class scores of the batch. */
    @Benchmark
    public double forward(Counters counters) {
        return measure(counters, forward, run::logits);
    }

    /** Loss, gradients of all parameters, and a step; gives the loss. */
    @Benchmark
    public double trainingStep(Counters counters) {
        return measureRecorded(counters, step, tape -> {
            ModelRun.Step done = run.step(tape, run.images, run.labels);
            return new NdArray[] {done.loss().value(), done.gradients().of(run.parameter("embedding.kernel")),
                done.gradients().of(run.parameter("head.bias"))};
        });
    }
}

package tessella.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.autodiff.Parameter;
import tessella.engine.NdArray;

/**
 * A training step of a Soft MoE whose first expert gets no gradient: its moments must be exact zeros by now, not numbers below the
 * normal range, which processors compute with many times more slowly. To be read as the ratio of the two settings.
 */
public class IdleExpertBenchmark extends EngineBenchmark {
    /** Steps after which 0.9^n is below what float32 keeps of a moment. */
    static final int STEPS = 1000;
    /** Logits of +-SCALE: what they make of an idle expert's combine weight is below the normal range, so exp gives 0. */
    private static final double SCALE = 300;
    /** Length of what all tokens share, in units of their own parts. */
    private static final double SHARED = 30;

    /** Preset and batch of a mixture. */
    @Param("soft-moe-tiny/16")
    public String model;

    /** Whether the first expert has been idle for 1,000 steps, and stays so. */
    @Param({"false", "true"})
    public boolean idle;

    ModelRun run;
    private Cost cost;

    @Override
    void prepare() {
        run = ModelRun.of(model, scope());
        cost = run.stepCost();
        // moments that are not 0
        run.steps(1);
        if (idle) {
            turnAway();
            run.steps(STEPS);
        }
    }

    /** Gives all tokens one direction, and the slots of the first expert the opposite one. */
    private void turnAway() {
        Parameter bias = run.parameter("embedding.bias");
        double[] shared = new double[(int) bias.shape().size()];
        Arrays.setAll(shared, i -> i % 2 == 0 ? SHARED : -SHARED);
        bias.value().copyFrom(shared);
        for (Parameter parameter : run.model.parameters().all()) {
            if (parameter.name().endsWith(".router.scale")) {
                parameter.value().copyFrom(new double[] {SCALE});
            } else if (parameter.name().endsWith(".router.phi")) {
                double[] phi = parameter.value().toDoubles();
                int slots = (int) parameter.shape().dim(2);
                int row = (int) parameter.shape().dim(1) * slots;
                for (int i = 0; i < phi.length; i++) {
                    phi[i] += shared[i / row] * (i % row < slots ? -1 : 1);
                }
                parameter.value().copyFrom(phi);
            }
        }
    }

    @Override
    void release() {
        run.close();
    }

    /** The name of the last mixture's first kernel. */
    String kernel() {
        return "blocks." + (run.config.depth() - 1) + ".moe.experts.in.kernel";
    }

    /** Loss, gradients of all parameters, and a step; gives the loss. */
    @Benchmark
    public double trainingStep(Counters counters) {
        return measureRecorded(counters, cost, tape -> {
            ModelRun.Step done = run.step(tape, run.images, run.labels);
            return new NdArray[] {done.loss().value(), done.gradients().of(run.parameter(kernel()))};
        });
    }
}

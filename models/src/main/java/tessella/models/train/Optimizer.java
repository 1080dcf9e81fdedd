package tessella.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Update;
import tessella.engine.UpdateRule;
import tessella.models.nn.Parameters;

/**
 * Moves the parameters of a model against their gradients: clips the gradients, lets a rule make an update u of them, and then
 * p = p - lr (multiplier u + decay p), with multiplier and decay by name (the order of big_vision; equal to its form
 * p - s (lr multiplier u + wd p) with lr s as the rate and wd / lr as the decay).
 *
 * <p>Parameters that are frozen when the optimiser is made have no memory here, do not change, and do not count in the norm;
 * make another optimiser after unfreezing. A step either changes all parameters or none: it takes no memory, and looks at
 * every gradient before the first parameter is touched. One thread at a time may use it.
 *
 * <p>What it keeps has names: {@link #state}, to be saved and brought back by {@link #restore}.
 */
public final class Optimizer implements AutoCloseable {
    private static final String PREFIX = "optimizer.";
    private static final String STEP = PREFIX + "step";

    private final List<Parameter> learned = new ArrayList<>();
    private final Clip clip;
    private final Scope scope = Scope.shared();
    private final Update update;
    private final NdArray stepState;

    /**
     * What an optimiser does.
     *
     * @param rule what makes updates of gradients
     * @param clip what happens to gradients before
     * @param decay share that a parameter loses a step, times the learning rate
     * @param multipliers of the learning rate of updates
     */
    public record Settings(UpdateRule rule, Clip clip, ByName decay, ByName multipliers) {
        /** With the same learning rate for all parameters. */
        public Settings(UpdateRule rule, Clip clip, ByName decay) {
            this(rule, clip, decay, ByName.all(1));
        }

        /** Neither clip nor decay. */
        public static Settings of(UpdateRule rule) {
            return new Settings(rule, new Clip.None(), ByName.all(0));
        }
    }

    /** An optimiser of these parameters that has taken no step. */
    public Optimizer(Parameters parameters, Settings settings) {
        clip = settings.clip();
        List<Update.Target> targets = new ArrayList<>();
        for (Parameter parameter : parameters.all()) {
            if (!parameter.isFrozen()) {
                learned.add(parameter);
                targets.add(new Update.Target(parameter.value(), settings.multipliers().of(parameter.name()),
                        settings.decay().of(parameter.name())));
            }
        }
        try {
            stepState = NdArray.zeros(scope, DType.F64, Shape.of());
            update = Update.of(settings.rule(), scope, targets);
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    /**
     * Takes one step at this learning rate; parameters without a gradient stay. Returns the global norm of the gradients
     * before clipping; if that is not a finite number, nothing has changed.
     */
    public double step(Gradients gradients, double learningRate) {
        for (int i = 0; i < learned.size(); i++) {
            update.gradient(i, gradients.of(learned.get(i)));
        }
        double norm = update.norm();
        if (!Double.isFinite(norm)) {
            update.forget();
            return norm;
        }
        switch (clip) {
            case Clip.None _ -> update.step(learningRate, 1, Double.POSITIVE_INFINITY);
            case Clip.GlobalNorm(double max) -> update.step(learningRate, norm > max ? max / norm : 1, Double.POSITIVE_INFINITY);
            case Clip.Value(double max) -> update.step(learningRate, 1, max);
        }
        return norm;
    }

    /** Steps taken. */
    public long steps() {
        return update.steps();
    }

    /**
     * What the optimiser keeps between steps, by name: "optimizer.step", the number of steps, and such as
     * "optimizer.m.head.kernel" for each parameter that is learned. The arrays belong to the optimiser, and change with the
     * next step.
     */
    public Map<String, NdArray> state() {
        stepState.copyFrom(new double[] {update.steps()});
        Map<String, NdArray> state = new LinkedHashMap<>(Map.of(STEP, stepState));
        for (int i = 0; i < learned.size(); i++) {
            String parameter = learned.get(i).name();
            update.state(i).forEach((kind, array) -> state.put(PREFIX + kind + "." + parameter, array));
        }
        return state;
    }

    /**
     * Goes on from a {@link #state} that was saved; names that do not begin with "optimizer." are left alone. The steps after
     * it have the bits of a run that was not interrupted.
     *
     * @throws IllegalArgumentException listing every missing, unexpected and mis-shaped array at once, or if the number of
     *     steps is none; nothing has changed then
     */
    public void restore(Map<String, NdArray> saved) {
        Map<String, NdArray> own = state();
        TrainingState.check(PREFIX, own, saved);
        long steps = TrainingState.steps(STEP, saved);
        TrainingState.copy(own, saved);
        update.steps(steps);
    }

    /** Returns the memory of what is kept. */
    @Override
    public void close() {
        scope.close();
    }
}

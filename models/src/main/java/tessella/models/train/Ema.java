package tessella.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.autodiff.Parameter;
import tessella.engine.Averages;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Parameters;

/**
 * Running mean of the parameters of a model: e = decay e + (1 - decay) p after each step. Parameters that are frozen when it
 * is made have no memory here: their mean is what they are.
 */
public final class Ema implements AutoCloseable {
    static final String PREFIX = "ema.";
    private static final String STEP = PREFIX + "step";

    /** What the mean is before the first step. */
    public enum Start {
        /** The parameters. */
        PARAMETERS,
        /** 0. */
        ZERO,
        /** 0, and what is read is divided by 1 - decay^t, t the number of steps. */
        ZERO_DEBIASED
    }

    private final Parameters parameters;
    private final double decay;
    private final Start start;
    private final Scope scope = Scope.shared();
    private final List<Parameter> learned = new ArrayList<>();
    private final Map<String, NdArray> means = new LinkedHashMap<>();
    private final NdArray stepState;
    private final Averages averages;
    private long steps;

    /**
     * The mean of these parameters.
     *
     * @throws IllegalArgumentException unless 0 &lt;= decay &lt; 1
     */
    public Ema(Parameters parameters, double decay, Start start) {
        if (!(decay >= 0 && decay < 1)) {
            throw new IllegalArgumentException("ema: expected a decay in [0, 1), found " + decay);
        }
        this.parameters = parameters;
        this.decay = decay;
        this.start = start;
        try {
            stepState = NdArray.zeros(scope, DType.F64, Shape.of());
            for (Parameter parameter : parameters.all()) {
                if (!parameter.isFrozen()) {
                    NdArray mean = NdArray.zeros(scope, parameter.value().dtype(), parameter.shape());
                    if (start == Start.PARAMETERS) {
                        mean.copyFrom(parameter.value());
                    }
                    learned.add(parameter);
                    means.put(parameter.name(), mean);
                }
            }
            averages = new Averages(List.copyOf(means.values()));
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    /** Takes the parameters, as they are now, into the mean. */
    public void step() {
        for (int i = 0; i < learned.size(); i++) {
            averages.source(i, learned.get(i).value());
        }
        averages.step(decay, 1 - decay);
        steps++;
    }

    /**
     * Writes the mean into parameters of the same names and shapes, such as those of a second model that is evaluated.
     *
     * @throws IllegalArgumentException if a name is missing or a shape or type differs
     * @throws IllegalStateException before the first step, if the mean is debiased: it would be 0 / 0
     */
    public void writeTo(Parameters target) {
        double correction = start == Start.ZERO_DEBIASED ? 1 / (1 - StrictMath.pow(decay, steps)) : 1;
        if (!Double.isFinite(correction)) {
            throw new IllegalStateException("ema: expected a step before its debiased mean is read, found none");
        }
        List<NdArray> written = new ArrayList<>();
        for (Parameter parameter : parameters.all()) {
            NdArray value = target.get(parameter.name()).value();
            if (value.dtype() != parameter.value().dtype() || !value.shape().equals(parameter.shape())) {
                throw new IllegalArgumentException("ema: expected " + parameter + " to write to, found " + value);
            }
            written.add(value);
        }
        Averages copies = new Averages(written);
        int i = 0;
        for (Parameter parameter : parameters.all()) {
            NdArray mean = means.get(parameter.name());
            if (mean != null || written.get(i) != parameter.value()) {
                copies.source(i, mean == null ? parameter.value() : mean);
            }
            i++;
        }
        copies.step(0, correction);
    }

    /** What is kept, by name: "ema.step", the number of steps, and such as "ema.head.kernel", before any debiasing. */
    public Map<String, NdArray> state() {
        stepState.copyFrom(new double[] {steps});
        Map<String, NdArray> state = new LinkedHashMap<>(Map.of(STEP, stepState));
        means.forEach((name, mean) -> state.put(PREFIX + name, mean));
        return state;
    }

    /**
     * Goes on from a {@link #state} that was saved; names that do not begin with "ema." are left alone.
     *
     * @throws IllegalArgumentException listing every missing, unexpected and mis-shaped array at once, or if the number of
     *     steps is none; nothing has changed then
     */
    public void restore(Map<String, NdArray> saved) {
        Map<String, NdArray> own = state();
        TrainingState.check(PREFIX, own, saved);
        long taken = TrainingState.steps(STEP, saved);
        TrainingState.copy(own, saved);
        steps = taken;
    }

    /** Returns the memory of the mean. */
    @Override
    public void close() {
        scope.close();
    }
}

package tessella.models.train;

import java.util.LinkedHashMap;
import java.util.Map;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Sums;
import tessella.engine.Updates;
import tessella.models.nn.Parameters;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), after clipping by the global norm: with g the gradient
 * times min(1, clip / |all gradients|), m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2 and
 * p = p - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay p).
 *
 * <p>Parameters that are frozen when the optimiser is made have no moments, do not change, and do not count in the norm;
 * make another optimiser after unfreezing. A step either changes all parameters or none: it takes no memory, and looks at
 * every gradient before the first parameter is touched.
 */
public final class AdamW implements AutoCloseable {
    private final Parameters parameters;
    private final Settings settings;
    private final WeightDecay decay;
    private final Scope scope = Scope.shared();
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private long steps;

    /** The numbers of the optimiser; clip is the largest global norm, positive infinity for none. */
    public record Settings(double b1, double b2, double eps, double clip) {
        /** b1 0.9, b2 0.999, eps 1e-8, clipped at 1. */
        public static final Settings DEFAULT = new Settings(0.9, 0.999, 1e-8, 1);
    }

    private record Moments(NdArray mean, NdArray square) {}

    /** An optimiser of these parameters, its moments zero. */
    public AdamW(Parameters parameters, Settings settings, WeightDecay decay) {
        this.parameters = parameters;
        this.settings = settings;
        this.decay = decay;
        try {
            for (Parameter parameter : parameters.all()) {
                if (!parameter.isFrozen()) {
                    moments.put(parameter.name(), zeros(parameter));
                }
            }
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    private Moments zeros(Parameter parameter) {
        return new Moments(NdArray.zeros(scope, parameter.value().dtype(), parameter.shape()),
                NdArray.zeros(scope, parameter.value().dtype(), parameter.shape()));
    }

    /**
     * Takes one step at this learning rate. Returns the global norm of the gradients before clipping; if that is not a
     * finite number, nothing has changed.
     */
    public double step(Gradients gradients, double learningRate) {
        double squares = 0;
        for (Parameter parameter : parameters.all()) {
            NdArray gradient = moments.containsKey(parameter.name()) ? gradients.of(parameter) : null;
            squares += gradient == null ? 0 : Sums.ofSquares(gradient);
        }
        double norm = Math.sqrt(squares);
        if (!Double.isFinite(norm)) {
            return norm;
        }
        double scale = norm > settings.clip() ? settings.clip() / norm : 1;
        steps++;
        for (Parameter parameter : parameters.all()) {
            NdArray gradient = gradients.of(parameter);
            Moments state = moments.get(parameter.name());
            if (gradient != null && state != null) {
                Updates.adamW(parameter.value(), gradient, state.mean, state.square, new Updates.AdamW(learningRate,
                        settings.b1(), settings.b2(), settings.eps(), decay.of(parameter.name()), steps, scale));
            }
        }
        return norm;
    }

    /** Steps taken. */
    public long steps() {
        return steps;
    }

    /** Returns the memory of the moments. */
    @Override
    public void close() {
        scope.close();
    }
}

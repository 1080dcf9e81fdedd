package tessella.models.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.engine.Averages;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.models.nn.Parameters;

/**
 * Gradients of several small batches, added up for one step: sum = sum + weight g. With weight 1 / k for each of k batches of
 * one size it is the gradient of the mean loss over all of them. Frozen parameters have no sum.
 */
public final class GradientSum implements AutoCloseable {
    private final Scope scope = Scope.shared();
    private final List<Parameter> learned = new ArrayList<>();
    private final Map<Parameter, NdArray> sums = new HashMap<>();
    private final Averages averages;

    /** Sums that are 0. */
    public GradientSum(Parameters parameters) {
        List<NdArray> arrays = new ArrayList<>();
        try {
            for (Parameter parameter : parameters.all()) {
                if (!parameter.isFrozen()) {
                    NdArray sum = NdArray.zeros(scope, parameter.value().dtype(), parameter.shape());
                    learned.add(parameter);
                    sums.put(parameter, sum);
                    arrays.add(sum);
                }
            }
            averages = new Averages(arrays);
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    /** Adds gradients times a weight; parameters without a gradient add nothing. */
    public void add(Gradients gradients, double weight) {
        for (int i = 0; i < learned.size(); i++) {
            averages.source(i, gradients.of(learned.get(i)));
        }
        averages.step(1, weight);
    }

    /** The sum of a parameter; null if it was frozen. */
    public NdArray of(Parameter parameter) {
        return sums.get(parameter);
    }

    /** Begins anew: all sums are 0. */
    public void clear() {
        sums.values().forEach(sum -> sum.withSegment(bytes -> bytes.fill((byte) 0)));
    }

    /** Returns the memory of the sums. */
    @Override
    public void close() {
        scope.close();
    }
}

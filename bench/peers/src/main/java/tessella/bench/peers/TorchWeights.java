package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Parameters;

/**
 * Parameters of ours as tensors of a script, each added when it is first asked for. Matrices of linear layers become [out, in], as
 * torch.nn.Linear has them.
 */
final class TorchWeights implements AutoCloseable {
    private final TorchScript script;
    private final Parameters parameters;
    private final Scope scope = Scope.shared();
    private final List<Weight> all = new ArrayList<>();

    /**
     * A tensor that is learned.
     *
     * @param expression what reads it
     * @param name of the parameter, or of the first of those that it is made of
     */
    record Weight(String expression, String name) {
        /** Whether it decays. */
        boolean isKernel() {
            return name.endsWith(".kernel");
        }
    }

    /** The parameters and this must stay open until the script is written. */
    TorchWeights(TorchScript script, Parameters parameters) {
        this.script = script;
        this.parameters = parameters;
    }

    /** All that were added, in order. */
    List<Weight> all() {
        return List.copyOf(all);
    }

    /** A parameter as it is. */
    String plain(String name) {
        NdArray value = parameters.get(name).value();
        return add(name, Values.of(value), value.shape().dims());
    }

    /** The kernels of some layers [in, out], side by side and transposed: [sum of out, in]. */
    String matrices(List<String> layers) {
        List<NdArray> kernels = layers.stream().map(layer -> parameters.get(layer + ".kernel").value()).toList();
        long in = kernels.getFirst().shape().dim(0);
        long out = kernels.stream().mapToLong(kernel -> kernel.shape().dim(1)).sum();
        return add(layers.getFirst() + ".kernel", Values.joined(kernels.stream().map(this::transposed).toList()), out, in);
    }

    /** The biases of some layers, one after the other. */
    String biases(List<String> layers) {
        List<NdArray> biases = layers.stream().map(layer -> parameters.get(layer + ".bias").value()).toList();
        return add(layers.getFirst() + ".bias", Values.joined(biases.stream().map(Values::of).toList()),
                biases.stream().mapToLong(NdArray::size).sum());
    }

    private Values transposed(NdArray kernel) {
        Shape shape = kernel.shape();
        NdArray turned = NdArray.empty(scope, kernel.dtype(), Shape.of(shape.dim(1), shape.dim(0)));
        turned.copyFrom(kernel.transpose());
        return Values.of(turned);
    }

    private String add(String name, Values values, long... sizes) {
        String expression = script.learned("p_" + name.replace('.', '_'), values, sizes);
        all.add(new Weight(expression, name));
        return expression;
    }

    @Override
    public void close() {
        scope.close();
    }
}

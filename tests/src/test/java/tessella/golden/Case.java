package tessella.golden;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.reference.Array;
import tessella.reference.Attributes;
import tessella.reference.GoldenFile;

/** One run of one golden file in one precision: its inputs as tensors, and the outputs that an adapter computes. */
final class Case {
    private final GoldenFile file;
    private final DType dtype;
    private final Scope scope;
    private final Tape tape;
    private final Attributes attrs;
    private final Collection<AutoCloseable> resources;
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Array> values = new LinkedHashMap<>();

    Case(GoldenFile file, DType dtype, Scope scope, Tape tape, Collection<AutoCloseable> resources) {
        this.resources = resources;
        this.file = file;
        this.dtype = dtype;
        this.scope = scope;
        this.tape = tape;
        this.attrs = file.attrs();
    }

    Attributes attrs() {
        return attrs;
    }

    GoldenFile file() {
        return file;
    }

    DType dtype() {
        return dtype;
    }

    /** Sets this case aside when the condition holds: it needs a feature that its adapter declares as missing. */
    void needs(String feature, boolean condition) {
        if (condition) {
            throw new NotCoveredException(feature);
        }
    }

    /** The input {@code in.name}, watched when the file has its gradient. */
    Tensor in(String name) {
        return input("in." + name);
    }

    /** The parameter {@code param.name}, watched when the file has its gradient. */
    Tensor param(String name) {
        return input("param." + name);
    }

    /** The parameter, or null when the file has none of this name. */
    Tensor paramOrNull(String name) {
        return file.has("param." + name) ? param(name) : null;
    }

    private Tensor input(String name) {
        return inputs.computeIfAbsent(name, _ -> {
            Tensor tensor = constant(file.array(name));
            return wantsGradient(name) ? tape.watch(tensor) : tensor;
        });
    }

    private boolean wantsGradient(String name) {
        return file.has("grad." + name.substring(name.indexOf('.') + 1));
    }

    /** A constant in the precision of this run. */
    Tensor constant(Array x) {
        return dtype == DType.F64 ? Tensor.of(scope, shape(x), x.data()) : Tensor.of(scope, shape(x), x.toFloats());
    }

    /** The mask {@code in.name}, 1 where it holds. */
    Tensor mask(String name) {
        return constant(file.array("in." + name));
    }

    /** Integers that an operator found, in the shape of {@code out.name}. */
    Array indices(String name, int[] values) {
        return Array.of(file.tensor("out." + name).shape(), Arrays.stream(values).asDoubleStream().toArray());
    }

    /** The integers of {@code in.name}. */
    int[] indices(String name) {
        return file.tensor("in." + name).indices();
    }

    /**
     * Model parameters with the values of the file's: {@code names} maps the model's names to the file's. Their
     * gradients are compared as those of the file. The caller closes them, or has them closed after the run.
     */
    Parameters parameters(List<ParameterSpec> specs, Map<String, String> names) {
        Parameters parameters = Parameters.initialized(specs, dtype, 0);
        for (Parameter parameter : parameters.all()) {
            String name = "param." + names.get(parameter.name());
            Array x = file.array(name);
            if (x.size() != parameter.shape().size()) {
                throw new AssertionError(name + " " + Arrays.toString(x.shape()) + " does not fit " + parameter);
            }
            parameter.value().copyFrom(x.data());
            inputs.put(name, parameter.tensor());
        }
        return parameters;
    }

    /** Closes a resource after the run. */
    void closeAfterwards(AutoCloseable resource) {
        resources.add(resource);
    }

    /** Gives the output {@code out.name}. */
    void out(String name, Tensor tensor) {
        tensors.put(name, tensor);
    }

    /** Gives an output that has no gradient. */
    void out(String name, Array value) {
        values.put(name, value);
    }

    /** The output that an operator computed, or null. */
    Tensor tensor(String name) {
        return tensors.get(name);
    }

    /** The values of an output; null when the adapter did not give it. */
    double[] computed(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor != null) {
            return tensor.toDoubles();
        }
        return values.containsKey(name) ? values.get(name).data() : null;
    }

    /** The tensor behind the input or parameter that {@code grad.name} belongs to. */
    Tensor source(String name) {
        Tensor input = inputs.get("in." + name);
        return input == null ? inputs.get("param." + name) : input;
    }

    /** An array of the run's precision for the cotangent of an output. */
    NdArray cotangent(String name, Shape shape) {
        return constant(file.array("cot." + name)).value().reshape(shape);
    }

    static Shape shape(Array x) {
        return Shape.of(Arrays.stream(x.shape()).asLongStream().toArray());
    }

    static long[] dims(int[] shape) {
        return Arrays.stream(shape).asLongStream().toArray();
    }
}

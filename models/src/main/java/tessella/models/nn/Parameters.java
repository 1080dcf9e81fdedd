package tessella.models.nn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** The parameters of a model by name, in a shared scope of their own: any thread may run the model. */
public final class Parameters implements AutoCloseable {
    private final Scope scope = Scope.shared();
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    private Parameters() {}

    /** Memory for every spec, initialised: a value depends on the seed, the name and the index of its element only. */
    public static Parameters initialized(List<ParameterSpec> specs, DType dtype, long seed) {
        Parameters out = empty(specs, dtype);
        for (ParameterSpec spec : specs) {
            spec.initializer().fill(out.get(spec.name()).value(), Random.of(seed, spec.name()));
        }
        return out;
    }

    /** Memory for every spec, its values not set: to be loaded. */
    public static Parameters empty(List<ParameterSpec> specs, DType dtype) {
        Parameters out = new Parameters();
        try {
            for (ParameterSpec spec : specs) {
                NdArray value = NdArray.empty(out.scope, dtype, spec.shape());
                if (out.byName.put(spec.name(), new Parameter(spec.name(), value)) != null) {
                    throw new IllegalArgumentException("parameters: two are named " + spec.name());
                }
            }
            return out;
        } catch (RuntimeException e) {
            out.close();
            throw e;
        }
    }

    /**
     * A parameter.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("parameters: expected one named " + name + ", found " + byName.keySet());
        }
        return parameter;
    }

    /** All parameters, in the order of the specs. */
    public Collection<Parameter> all() {
        return Collections.unmodifiableCollection(byName.values());
    }

    /** Number of elements of all parameters. */
    public long count() {
        return byName.values().stream().mapToLong(p -> p.shape().size()).sum();
    }

    /**
     * Checks that named shapes are exactly those of some specs.
     *
     * @throws IllegalArgumentException listing every missing, unexpected and mis-shaped name at once
     */
    public static void checkNames(String source, List<ParameterSpec> specs, Map<String, Shape> found) {
        List<String> problems = new ArrayList<>();
        Map<String, Shape> unexpected = new LinkedHashMap<>(found);
        for (ParameterSpec spec : specs) {
            Shape shape = unexpected.remove(spec.name());
            if (shape == null) {
                problems.add("missing " + spec.name() + " " + spec.shape());
            } else if (!shape.equals(spec.shape())) {
                problems.add(spec.name() + " expected " + spec.shape() + " found " + shape);
            }
        }
        unexpected.forEach((name, shape) -> problems.add("unexpected " + name + " " + shape));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(source + ": its tensors do not fit this model: " + String.join("; ", problems));
        }
    }

    /**
     * The names whose values another model cannot give, because it has none of the name, or of another shape.
     *
     * @param source what the other model is called in the message
     * @param mayDiffer names that may be among them
     * @throws IllegalArgumentException listing every missing, unexpected and mis-shaped name that may not differ
     */
    public static List<String> differing(String source, List<ParameterSpec> specs, Map<String, Shape> found, Predicate<String> mayDiffer) {
        List<String> differing = specs.stream().filter(spec -> mayDiffer.test(spec.name())
                && !spec.shape().equals(found.get(spec.name()))).map(ParameterSpec::name).toList();
        Map<String, Shape> given = new LinkedHashMap<>(found);
        given.keySet().removeIf(name -> mayDiffer.test(name)
                && (differing.contains(name) || specs.stream().noneMatch(spec -> spec.name().equals(name))));
        checkNames(source, specs.stream().filter(spec -> !differing.contains(spec.name())).toList(), given);
        return differing;
    }

    /** Takes the values of another model's parameters of the same names and shapes, but for some, which keep their own. */
    public void copyFrom(Parameters source, List<String> kept) {
        byName.forEach((name, parameter) -> {
            if (!kept.contains(name)) {
                parameter.value().copyFrom(source.get(name).value());
            }
        });
    }

    /**
     * Freezes the kernels, and keeps a packed copy of each ({@link Parameter#pack}) until it is unfrozen or this is closed.
     *
     * @param stored the type of the parameters, or BF16 for those of float32
     * @throws IllegalArgumentException if it is another type
     */
    public void pack(DType stored) {
        for (Parameter parameter : byName.values()) {
            if (parameter.name().endsWith(".kernel")) {
                parameter.pack(scope, stored);
            }
        }
    }

    /** Whether the memory is there. */
    public boolean isOpen() {
        return scope.isOpen();
    }

    /** Bytes of all parameters, and of their packed copies. */
    public long bytes() {
        return scope.bytes();
    }

    /** Returns the memory; throws if a thread is using it. */
    @Override
    public void close() {
        scope.close();
    }
}

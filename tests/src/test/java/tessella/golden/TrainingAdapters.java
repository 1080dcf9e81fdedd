package tessella.golden;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.train.AdamW;
import tessella.models.train.Schedule;
import tessella.models.train.WeightDecay;
import tessella.reference.Array;
import tessella.reference.Attributes;
import tessella.reference.ShapeOracle;

/** Trajectories of optimisers and values of schedules. */
final class TrainingAdapters {
    private static final String[] OTHER_SCHEDULES = {"inverse_sqrt_linear_warmup", "inverse_sqrt",
        "optax_warmup_cosine", "rsqrt", "stair", "linear"};

    private TrainingAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of("adamw", TrainingAdapters::adamW, "adam", TrainingAdapters::adamW,
                "schedule", ((Adapter) TrainingAdapters::schedule).without(OTHER_SCHEDULES));
    }

    private static void schedule(Case c) {
        Attributes attrs = c.attrs();
        c.needs(attrs.text("kind"), List.of(OTHER_SCHEDULES).contains(attrs.text("kind")));
        if (!attrs.text("kind").equals("cosine") || attrs.integer("cooldown") != 0) {
            throw new IllegalArgumentException("schedule " + attrs.text("kind"));
        }
        Schedule schedule = Schedule.warmupCosine(attrs.real("base"), attrs.integer("warmup"), attrs.integer("total"));
        Array steps = c.file().array("in.step");
        c.out("value", steps.map(step -> schedule.at((long) step)));
    }

    /** Twenty steps with the gradients of the file; Adam is AdamW without decay. */
    private static void adamW(Case c) {
        Attributes attrs = c.attrs();
        List<ParameterSpec> specs = new ArrayList<>();
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : c.file().names("param.")) {
            specs.add(new ParameterSpec(name, Case.shape(c.file().array("param." + name)), Initializer.constant(0)));
            names.put(name, name);
        }
        Pattern decaying = Pattern.compile(attrs.has("decay_names")
                && attrs.text("decay_names").equals("names ending in /kernel") ? ".*/kernel" : ".*");
        WeightDecay decay = new WeightDecay(List.of(new WeightDecay.Rule(decaying, attrs.real("weight_decay", 0))));
        AdamW.Settings settings = new AdamW.Settings(attrs.real("b1"), attrs.real("b2"), attrs.real("eps"),
                Double.POSITIVE_INFINITY);
        Map<String, Array> trajectories = new LinkedHashMap<>();
        for (String name : names.keySet()) {
            trajectories.put(name, Array.zeros(c.file().tensor("out.params." + name).shape()));
        }
        try (Parameters parameters = c.parameters(specs, names);
                AdamW optimizer = new AdamW(parameters, settings, decay)) {
            int steps = trajectories.values().iterator().next().dim(0);
            for (int step = 0; step < steps; step++) {
                step(c, parameters, optimizer, step);
                for (Parameter parameter : parameters.all()) {
                    double[] values = parameter.value().toDoubles();
                    System.arraycopy(values, 0, trajectories.get(parameter.name()).data(), step * values.length,
                            values.length);
                }
            }
        }
        trajectories.forEach((name, values) -> c.out("params." + name, values));
    }

    /** One step: the gradient of {@code 1 p} for the cotangent g is g itself. */
    private static void step(Case c, Parameters parameters, AdamW optimizer, int step) {
        try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
            List<Tensor> outputs = new ArrayList<>();
            List<NdArray> cotangents = new ArrayList<>();
            for (Parameter parameter : parameters.all()) {
                Array gradients = c.file().array("in.grads." + parameter.name());
                Array gradient = ShapeOracle.slice(gradients, 0, step, step + 1);
                outputs.add(Elementwise.scale(parameter.tensor(), 1));
                NdArray cotangent = NdArray.empty(scope, c.dtype(), parameter.shape());
                cotangent.copyFrom(gradient.data());
                cotangents.add(cotangent);
            }
            optimizer.step(tape.gradients(outputs, cotangents), c.attrs().real("lr"));
        }
    }
}

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
import tessella.engine.UpdateRule;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.train.ByName;
import tessella.models.train.Clip;
import tessella.models.train.Ema;
import tessella.models.train.Freezing;
import tessella.models.train.Optimizer;
import tessella.models.train.Schedule;
import tessella.reference.Array;
import tessella.reference.Attributes;
import tessella.reference.ShapeOracle;

/** Trajectories of optimisers and values of schedules. */
final class TrainingAdapters {
    private TrainingAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of("adamw", TrainingAdapters::adam, "adam", TrainingAdapters::adam, "sgd", TrainingAdapters::sgd,
                "adafactor", TrainingAdapters::adafactor, "adafactor_t5", TrainingAdapters::adafactorT5,
                "optimizer_recipe", TrainingAdapters::recipe, "clip_global_norm", TrainingAdapters::clip, "ema",
                TrainingAdapters::ema, "schedule", TrainingAdapters::schedule);
    }

    private static void schedule(Case c) {
        Schedule schedule = schedule(c.attrs());
        c.out("value", c.file().array("in.step").map(step -> schedule.at((long) step)));
    }

    private static Schedule schedule(Attributes attrs) {
        double base = attrs.real("base");
        long warmup = attrs.integer("warmup");
        return switch (attrs.text("kind")) {
            case "cosine" -> Schedule.warmupCosine(base, warmup, attrs.integer("total"));
            case "linear" -> Schedule.warmupLinear(base, warmup, attrs.integer("total"), attrs.real("end"));
            case "rsqrt" -> Schedule.rsqrt(base, warmup, attrs.integer("timescale"), attrs.integer("total"),
                    attrs.integer("cooldown"));
            case "inverse_sqrt" -> Schedule.inverseSqrt(base, warmup);
            case "inverse_sqrt_linear_warmup" -> Schedule.warmupInverseSqrt(base, warmup);
            case "optax_warmup_cosine" -> Schedule.optaxWarmupCosine(attrs.real("init"), attrs.real("peak"), warmup,
                    attrs.integer("decay_steps"), attrs.real("end"));
            case "stair" -> Schedule.stairs(base, warmup, List.of(stair(attrs, 0), stair(attrs, 1)));
            default -> throw new IllegalArgumentException("schedule " + attrs.text("kind"));
        };
    }

    private static Schedule.Stair stair(Attributes attrs, int index) {
        return new Schedule.Stair(attrs.integers("steps")[index], attrs.reals("mults")[index]);
    }

    /** Adam is AdamW without decay. */
    private static void adam(Case c) {
        Attributes attrs = c.attrs();
        String decaying = attrs.has("decay_names") && attrs.text("decay_names").equals("names ending in /kernel") ? ".*/kernel"
                : ".*";
        UpdateRule rule = new UpdateRule.Adam(attrs.real("b1"), attrs.real("b2"), attrs.real("eps"));
        follow(c, new Optimizer.Settings(rule, new Clip.None(),
                new ByName(List.of(ByName.Rule.of(decaying, attrs.real("weight_decay", 0))), 0)), constant(c));
    }

    private static Schedule constant(Case c) {
        return Schedule.constant(c.attrs().real("lr"));
    }

    private static void sgd(Case c) {
        Attributes attrs = c.attrs();
        UpdateRule.Momentum kind = attrs.flag("nesterov") ? UpdateRule.Momentum.NESTEROV : UpdateRule.Momentum.HEAVY_BALL;
        follow(c, Optimizer.Settings.of(new UpdateRule.Sgd(attrs.real("momentum"), kind, attrs.real("l2", 0))), constant(c));
    }

    private static void adafactor(Case c) {
        Attributes attrs = c.attrs();
        follow(c, Optimizer.Settings.of(new UpdateRule.Adafactor(attrs.integer("min_dim_size_to_factor"),
                attrs.real("decay_rate"), attrs.real("beta2_cap"), attrs.real("eps"), attrs.real("momentum", 0),
                attrs.real("clip_update_rms", Double.POSITIVE_INFINITY), UpdateRule.Scale.NONE, 0)), constant(c));
    }

    /** Its decay is not multiplied by the learning rate. */
    private static void adafactorT5(Case c) {
        Attributes attrs = c.attrs();
        UpdateRule rule = new UpdateRule.Adafactor(attrs.integer("min_dim_size_to_factor"), attrs.real("decay_rate"), 1,
                attrs.real("eps"), 0, attrs.real("clipping_threshold"), attrs.flag("multiply_by_parameter_scale")
                        ? UpdateRule.Scale.PARAMETER : UpdateRule.Scale.NONE, attrs.real("min_param_scale"));
        follow(c, new Optimizer.Settings(rule, new Clip.None(),
                ByName.all(attrs.real("weight_decay_rate", 0) / attrs.real("lr"))), constant(c));
    }

    /** The recipe of big_vision: its decay is no share of the learning rate, and a missing schedule freezes. */
    private static void recipe(Case c) {
        Attributes attrs = c.attrs();
        double lr = attrs.real("lr");
        Attributes scheduled = null;
        List<Pattern> frozen = new ArrayList<>();
        if (attrs.isList("schedule")) {
            for (Attributes pair : attrs.pairs("schedule")) {
                if (pair.has("value")) {
                    scheduled = pair.object("value");
                } else {
                    frozen.add(Pattern.compile(pair.text("name")));
                }
            }
        } else {
            scheduled = attrs.object("schedule");
        }
        int total = attrs.integer("total_steps");
        Schedule schedule = scheduled.text("decay_type").equals("cosine")
                ? Schedule.warmupCosine(lr, scheduled.integer("warmup_steps"), total)
                : Schedule.rsqrt(lr, scheduled.integer("warmup_steps"), scheduled.integer("timescale"), total,
                        scheduled.integer("cooldown_steps"));
        Attributes optax = attrs.object("optax");
        ByName decay = attrs.has("wd_mults") ? byName(attrs.pairs("wd_mults"), attrs.real("wd") / lr, 0)
                : new ByName(List.of(ByName.Rule.of(".*/kernel", attrs.real("wd") / lr)), 0);
        follow(c, new Optimizer.Settings(new UpdateRule.Adam(optax.real("b1"), optax.real("b2"), attrs.real("eps")),
                new Clip.GlobalNorm(attrs.real("grad_clip_norm")), decay, byName(attrs.pairs("lr_mults"), 1, 1)), schedule,
                frozen.toArray(Pattern[]::new));
    }

    private static ByName byName(List<Attributes> pairs, double factor, double otherwise) {
        return new ByName(pairs.stream().map(pair -> ByName.Rule.of(pair.text("name"), factor * pair.real("value"))).toList(),
                otherwise);
    }

    /** Independent steps of plain gradient descent from 0 at a rate of 1: what is left is minus the clipped gradient. */
    private static void clip(Case c) {
        List<String> names = c.file().names("out.clipped.");
        double[] norms = new double[c.file().array("out.norm").size()];
        Map<String, Array> clipped = zeros(c, "clipped.", names);
        Optimizer.Settings settings = new Optimizer.Settings(new UpdateRule.Sgd(0, UpdateRule.Momentum.HEAVY_BALL, 0),
                new Clip.GlobalNorm(c.attrs().real("max_norm")), ByName.all(0));
        try (Parameters parameters = Parameters.initialized(specs(c, "in.grads.", names), c.dtype(), 0);
                Optimizer optimizer = new Optimizer(parameters, settings)) {
            for (int step = 0; step < norms.length; step++) {
                for (Parameter parameter : parameters.all()) {
                    parameter.value().copyFrom(new double[(int) parameter.shape().size()]);
                }
                norms[step] = step(c, parameters, optimizer, step, 1);
                store(parameters, clipped, step);
            }
        }
        c.out("norm", Array.of(new int[] {norms.length}, norms));
        clipped.forEach((name, values) -> c.out("clipped." + name, values.times(-1)));
    }

    private static void ema(Case c) {
        List<String> names = c.file().names("out.ema.");
        Map<String, Array> means = zeros(c, "ema.", names);
        Ema.Start start = c.file().names("param.").isEmpty()
                ? c.attrs().flag("debias") ? Ema.Start.ZERO_DEBIASED : Ema.Start.ZERO : Ema.Start.PARAMETERS;
        List<ParameterSpec> specs = specs(c, "in.sequence.", names);
        try (Parameters parameters = Parameters.initialized(specs, c.dtype(), 0);
                Parameters averaged = Parameters.empty(specs, c.dtype())) {
            for (String name : c.file().names("param.")) {
                parameters.get(name).value().copyFrom(c.file().array("param." + name).data());
            }
            try (Ema ema = new Ema(parameters, c.attrs().real("decay"), start)) {
                for (int step = 0; step < means.get(names.getFirst()).dim(0); step++) {
                    for (String name : names) {
                        parameters.get(name).value().copyFrom(row(c, "in.sequence." + name, step));
                    }
                    ema.step();
                    ema.writeTo(averaged);
                    store(averaged, means, step);
                }
            }
        }
        means.forEach((name, values) -> c.out("ema." + name, values));
    }

    /** As many steps as the file has, with its gradients. */
    private static void follow(Case c, Optimizer.Settings settings, Schedule schedule, Pattern... frozen) {
        List<String> names = c.file().names("param.");
        Map<String, Array> trajectories = zeros(c, "params.", names);
        Map<String, String> own = new LinkedHashMap<>();
        names.forEach(name -> own.put(name, name));
        List<ParameterSpec> specs = names.stream().map(name -> new ParameterSpec(name,
                Case.shape(c.file().array("param." + name)), Initializer.constant(0))).toList();
        try (Parameters parameters = c.parameters(specs, own)) {
            Freezing.freeze(parameters, List.of(frozen));
            try (Optimizer optimizer = new Optimizer(parameters, settings)) {
                int steps = trajectories.get(names.getFirst()).dim(0);
                for (int step = 0; step < steps; step++) {
                    step(c, parameters, optimizer, step, schedule.at(step));
                    store(parameters, trajectories, step);
                }
            }
        }
        trajectories.forEach((name, values) -> c.out("params." + name, values));
    }

    /** Specs of the shapes that a step of the inputs has. */
    private static List<ParameterSpec> specs(Case c, String prefix, List<String> names) {
        return names.stream().map(name -> {
            Array all = c.file().array(prefix + name);
            return new ParameterSpec(name, Case.shape(all).without(0), Initializer.constant(0));
        }).toList();
    }

    private static Map<String, Array> zeros(Case c, String prefix, List<String> names) {
        Map<String, Array> zeros = new LinkedHashMap<>();
        names.forEach(name -> zeros.put(name, Array.zeros(c.file().tensor("out." + prefix + name).shape())));
        return zeros;
    }

    private static void store(Parameters parameters, Map<String, Array> trajectories, int step) {
        for (Parameter parameter : parameters.all()) {
            double[] values = parameter.value().toDoubles();
            System.arraycopy(values, 0, trajectories.get(parameter.name()).data(), step * values.length, values.length);
        }
    }

    private static double[] row(Case c, String name, int step) {
        return ShapeOracle.slice(c.file().array(name), 0, step, step + 1).data();
    }

    /** One step: the gradient of {@code 1 p} for the cotangent g is g itself. */
    private static double step(Case c, Parameters parameters, Optimizer optimizer, int step, double rate) {
        try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
            List<Tensor> outputs = new ArrayList<>();
            List<NdArray> cotangents = new ArrayList<>();
            for (Parameter parameter : parameters.all()) {
                if (!parameter.isFrozen()) {
                    outputs.add(Elementwise.scale(parameter.tensor(), 1));
                    NdArray cotangent = NdArray.empty(scope, c.dtype(), parameter.shape());
                    cotangent.copyFrom(row(c, "in.grads." + parameter.name(), step));
                    cotangents.add(cotangent);
                }
            }
            return optimizer.step(tape.gradients(outputs, cotangents), rate);
        }
    }
}

package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.UpdateRule;
import tessella.engine.Workers;
import tessella.engine.io.Safetensors;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** Optimisers of every rule: which parameters move and how far, what they keep, and how a run goes on. */
class OptimizerTest {
    private static final UpdateRule PLAIN = new UpdateRule.Sgd(0, UpdateRule.Momentum.HEAVY_BALL, 0);
    private static final List<UpdateRule> RULES = List.of(PLAIN, new UpdateRule.Sgd(0.9, UpdateRule.Momentum.NESTEROV, 0.01),
            UpdateRule.Adam.DEFAULT, UpdateRule.Adafactor.bigVision(), UpdateRule.Adafactor.t5());
    private static final List<ParameterSpec> SPECS = List.of(spec("a.kernel", 150, 227), spec("a.bias", 37),
            spec("b.experts.in.kernel", 3, 33, 35), spec("head.kernel", 5, 4), spec("scale"));

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static ParameterSpec spec(String name, long... dims) {
        return new ParameterSpec(name, Shape.of(dims), Initializer.normal(1));
    }

    /** Hands gradients of these parameters to an action: that of 1 p for the cotangent g is g itself. */
    private static <T> T withGradients(Parameters parameters, BiFunction<Parameter, NdArray, double[]> values,
            Function<Gradients, T> action) {
        try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
            List<Tensor> outputs = new ArrayList<>();
            List<NdArray> cotangents = new ArrayList<>();
            for (Parameter parameter : parameters.all()) {
                if (!parameter.isFrozen()) {
                    outputs.add(Elementwise.scale(parameter.tensor(), 1));
                    NdArray cotangent = NdArray.empty(scope, parameter.value().dtype(), parameter.shape());
                    cotangent.copyFrom(values.apply(parameter, parameter.value()));
                    cotangents.add(cotangent);
                }
            }
            return action.apply(tape.gradients(outputs, cotangents));
        }
    }

    private static double step(Parameters parameters, Optimizer optimizer, double rate, double... gradient) {
        return withGradients(parameters, (p, value) -> gradient, gradients -> optimizer.step(gradients, rate));
    }

    /** A gradient that depends on the step and on the parameter: a bit that differs once differs ever after. */
    private static double pulled(Parameters parameters, Optimizer optimizer, int step) {
        return withGradients(parameters, (parameter, value) -> {
            Random noise = Random.of(step, parameter.name());
            double[] g = value.toDoubles();
            Arrays.setAll(g, i -> g[i] * (1 + noise.normal(i)));
            return g;
        }, gradients -> optimizer.step(gradients, 0.01 * (1 + step % 3)));
    }

    private static Map<String, float[]> values(Parameters parameters) {
        Map<String, float[]> values = new LinkedHashMap<>();
        parameters.all().forEach(parameter -> values.put(parameter.name(), parameter.value().toFloats()));
        return values;
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> found, String what) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, value) -> assertArrayEquals(value, found.get(name), what + " " + name));
    }

    @Test
    void multiplierAndDecayOfTheFirstRuleThatMatchesHold() {
        List<ParameterSpec> specs = List.of(spec("body.kernel", 2), spec("head.kernel", 2), spec("head.bias", 2));
        ByName decay = new ByName(List.of(ByName.Rule.of("head\\.kernel", 0.5), ByName.Rule.of(".*kernel", 0.25)), 0);
        ByName multipliers = new ByName(List.of(ByName.Rule.of("head\\..*", 0.125), ByName.Rule.of("head\\.bias", 9)), 1);
        try (Parameters parameters = Parameters.initialized(specs, DType.F64, 1);
                Optimizer optimizer = new Optimizer(parameters, new Optimizer.Settings(PLAIN, new Clip.None(), decay,
                        multipliers))) {
            parameters.all().forEach(parameter -> parameter.value().copyFrom(new double[] {2, 4}));
            step(parameters, optimizer, 0.5, 1, -1);
            // p - rate (multiplier g + decay p): the multiplier is none of the decay's
            assertArrayEquals(new double[] {2 - 0.5 * (1 + 0.5), 4 - 0.5 * (-1 + 1)},
                    parameters.get("body.kernel").value().toDoubles());
            assertArrayEquals(new double[] {2 - 0.5 * (0.125 + 1), 4 - 0.5 * (-0.125 + 2)},
                    parameters.get("head.kernel").value().toDoubles());
            assertArrayEquals(new double[] {2 - 0.5 * 0.125, 4 + 0.5 * 0.125}, parameters.get("head.bias").value().toDoubles());
        }
    }

    @Test
    void clippingByValueLimitsEachElementAndNotTheNormThatIsTold() {
        List<ParameterSpec> specs = List.of(new ParameterSpec("p", Shape.of(4), Initializer.constant(0)));
        try (Parameters parameters = Parameters.initialized(specs, DType.F64, 1);
                Optimizer optimizer = new Optimizer(parameters, new Optimizer.Settings(PLAIN, new Clip.Value(1), ByName.all(0)))) {
            assertEquals(Math.sqrt(26.25), step(parameters, optimizer, 1, 3, -4, 0.5, -1), 1e-15);
            assertArrayEquals(new double[] {-1, 1, -0.5, 1}, parameters.get("p").value().toDoubles());
        }
        assertEquals("clip: expected a largest global norm above 0, found 0.0",
                assertThrows(IllegalArgumentException.class, () -> new Clip.GlobalNorm(0)).getMessage());
        assertEquals("clip: expected a largest element above 0, found NaN",
                assertThrows(IllegalArgumentException.class, () -> new Clip.Value(Double.NaN)).getMessage());
    }

    /** The function of the optimiser tests of V-MoE: its minimum is at (-0.54719, -1.54719). */
    @Test
    void everyRuleFindsTheMinimumOfMcCormick() {
        for (UpdateRule rule : RULES) {
            List<ParameterSpec> specs = List.of(new ParameterSpec("xy", Shape.of(2), Initializer.constant(0)));
            try (Parameters parameters = Parameters.initialized(specs, DType.F64, 1);
                    Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.of(rule))) {
                // a step of T5 is a share of the parameter, which begins at 0 here
                boolean share = rule instanceof UpdateRule.Adafactor a && a.scale() == UpdateRule.Scale.PARAMETER;
                Schedule schedule = Schedule.warmupCosine(share ? 0.5 : 0.1, 0, 200);
                for (int i = 0; i < 200; i++) {
                    double[] at = parameters.get("xy").value().toDoubles();
                    double slope = Math.cos(at[0] + at[1]);
                    step(parameters, optimizer, schedule.at(i), slope + 2 * (at[0] - at[1]) - 1.5,
                            slope - 2 * (at[0] - at[1]) + 2.5);
                }
                boolean penalised = rule instanceof UpdateRule.Sgd sgd && sgd.l2() > 0;
                assertArrayEquals(new double[] {-0.54719, -1.54719}, parameters.get("xy").value().toDoubles(),
                        penalised ? 0.03 : 2e-3, rule.toString());
            }
        }
    }

    @Test
    void gradientsThatAreNoNumbersChangeNothing() {
        for (UpdateRule rule : RULES) {
            try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1);
                    Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.of(rule))) {
                pulled(parameters, optimizer, 0);
                Map<String, float[]> before = values(parameters);
                Map<String, float[]> kept = new LinkedHashMap<>();
                optimizer.state().forEach((name, array) -> kept.put(name, array.toFloats()));
                for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
                    double norm = withGradients(parameters, (parameter, value) -> {
                        double[] g = new double[(int) value.size()];
                        g[g.length - 1] = parameter.name().equals("head.kernel") ? bad : 1;
                        return g;
                    }, gradients -> optimizer.step(gradients, 0.1));
                    assertTrue(!Double.isFinite(norm), rule + ": " + norm);
                    assertSame(before, values(parameters), rule.toString());
                    optimizer.state().forEach((name, array) -> assertArrayEquals(kept.get(name), array.toFloats(), name));
                }
                assertEquals(1, optimizer.steps());
            }
        }
    }

    @Test
    void frozenByPatternMeansNoMemory() {
        for (UpdateRule rule : RULES) {
            try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1)) {
                assertEquals(List.of("a.kernel", "a.bias", "b.experts.in.kernel"),
                        Freezing.freeze(parameters, List.of(Pattern.compile("a\\..*"), Pattern.compile(".*\\.experts\\..*"))));
                long before = Memory.inUse();
                Map<String, float[]> values = values(parameters);
                try (Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.of(rule))) {
                    assertTrue(Memory.inUse() - before < 1024, rule + " keeps " + (Memory.inUse() - before) + " bytes");
                    optimizer.state().keySet().forEach(name -> assertTrue(
                            name.matches("optimizer\\.(step|\\w+\\.head\\.kernel|\\w+\\.scale)"), name));
                    pulled(parameters, optimizer, 0);
                    for (Parameter parameter : parameters.all()) {
                        boolean same = Arrays.equals(values.get(parameter.name()), parameter.value().toFloats());
                        assertEquals(parameter.isFrozen(), same, rule + " " + parameter.name());
                    }
                }
            }
        }
    }

    @Test
    void aPatternThatFreezesNothingIsRefused() {
        try (Parameters parameters = Parameters.initialized(List.of(spec("a.kernel", 2), spec("a.bias", 2)), DType.F32, 1)) {
            assertEquals("freezing: expected a pattern that matches the whole name of a parameter, found kernel; names are "
                    + "a.kernel, a.bias", assertThrows(IllegalArgumentException.class,
                            () -> Freezing.freeze(parameters, List.of(Pattern.compile(".*bias"), Pattern.compile("kernel"))))
                            .getMessage());
            assertTrue(parameters.all().stream().noneMatch(Parameter::isFrozen));
        }
    }

    /** A run that is saved after five steps, restored and continued has the bits of one that was not interrupted. */
    @Test
    void aRestoredRunGoesOnWithTheSameBits() throws IOException {
        for (UpdateRule rule : RULES) {
            Optimizer.Settings settings = new Optimizer.Settings(rule, new Clip.GlobalNorm(3), WeightDecay.softMoe(0.1, 0.3));
            Path file = folder.resolve("state-" + RULES.indexOf(rule) + ".safetensors");
            Map<String, float[]> expected;
            try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1);
                    Optimizer optimizer = new Optimizer(parameters, settings);
                    Ema ema = new Ema(parameters, 0.9, Ema.Start.ZERO_DEBIASED)) {
                for (int step = 0; step < 5; step++) {
                    pulled(parameters, optimizer, step);
                    ema.step();
                }
                Map<String, NdArray> all = new LinkedHashMap<>(optimizer.state());
                all.putAll(ema.state());
                parameters.all().forEach(parameter -> all.put(parameter.name(), parameter.value()));
                Safetensors.write(file, all, Map.of());
                for (int step = 5; step < 10; step++) {
                    pulled(parameters, optimizer, step);
                    ema.step();
                }
                expected = values(parameters);
                expected.putAll(averages(parameters, ema));
            }
            try (Scope scope = Scope.open(); Safetensors saved = Safetensors.open(file);
                    Parameters parameters = Parameters.initialized(SPECS, DType.F32, 2);
                    Optimizer optimizer = new Optimizer(parameters, settings);
                    Ema ema = new Ema(parameters, 0.9, Ema.Start.ZERO_DEBIASED)) {
                Map<String, NdArray> all = saved.loadAll(scope);
                parameters.all().forEach(parameter -> parameter.value().copyFrom(all.get(parameter.name())));
                optimizer.restore(all);
                ema.restore(all);
                assertEquals(5, optimizer.steps());
                for (int step = 5; step < 10; step++) {
                    pulled(parameters, optimizer, step);
                    ema.step();
                }
                Map<String, float[]> found = values(parameters);
                found.putAll(averages(parameters, ema));
                assertSame(expected, found, rule.toString());
            }
        }
    }

    private static Map<String, float[]> averages(Parameters parameters, Ema ema) {
        Map<String, float[]> out = new LinkedHashMap<>();
        try (Parameters target = Parameters.empty(SPECS, DType.F32)) {
            ema.writeTo(target);
            values(target).forEach((name, value) -> out.put("ema " + name, value));
        }
        return out;
    }

    @Test
    void aStateOfAnotherRunIsRefusedWithAllThatIsWrong() {
        List<ParameterSpec> specs = List.of(spec("a", 2), spec("b", 3));
        try (Scope scope = Scope.open(); Parameters parameters = Parameters.initialized(specs, DType.F32, 1);
                Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.of(UpdateRule.Adam.DEFAULT))) {
            step(parameters, optimizer);
            Map<String, NdArray> saved = new LinkedHashMap<>();
            optimizer.state().forEach((name, array) -> saved.put(name, NdArray.full(scope, array.dtype(), array.shape(), 7)));
            saved.put("a", NdArray.zeros(scope, DType.F32, Shape.of(1))); // is none of the optimiser's
            saved.remove("optimizer.m.a");
            saved.put("optimizer.row.a", NdArray.zeros(scope, DType.F32, Shape.of(2)));
            saved.put("optimizer.v.b", NdArray.zeros(scope, DType.F64, Shape.of(3)));
            assertEquals("restoring optimizer.*: the saved state is not that of this run: missing optimizer.m.a float32 [2]; "
                    + "optimizer.v.b expected float32 [3] found float64 [3]; unexpected optimizer.row.a float32 [2]; restore it "
                    + "with the model and the options that it was saved with", refused(optimizer, saved));
            saved.put("optimizer.m.a", NdArray.zeros(scope, DType.F32, Shape.of(2)));
            saved.put("optimizer.v.b", NdArray.zeros(scope, DType.F32, Shape.of(3)));
            saved.remove("optimizer.row.a");
            saved.put("optimizer.step", NdArray.full(scope, DType.F64, Shape.of(), 1.5));
            assertEquals("optimizer.step: expected a whole number of steps of at least 0, found 1.5", refused(optimizer, saved));
            assertEquals(1, optimizer.steps());
            assertTrue(optimizer.state().get("optimizer.m.b").toFloats()[0] != 7, "nothing was copied");
            saved.put("optimizer.step", NdArray.full(scope, DType.F64, Shape.of(), 12));
            optimizer.restore(saved);
            assertEquals(12, optimizer.steps());
            assertEquals(7, optimizer.state().get("optimizer.m.b").toFloats()[0]);
        }
    }

    private static void step(Parameters parameters, Optimizer optimizer) {
        withGradients(parameters, (p, value) -> value.toDoubles(), gradients -> optimizer.step(gradients, 0.1));
    }

    private static String refused(Optimizer optimizer, Map<String, NdArray> saved) {
        return assertThrows(IllegalArgumentException.class, () -> optimizer.restore(saved)).getMessage();
    }

    /**
     * Once the kernels are compiled, a step of sixty parameters allocates nothing at all; until then vectors are objects. Each
     * rule in a Java of its own: what other tests have run through the same methods can keep the compiler from inlining them.
     */
    @Test
    void stepsLeaveNoGarbageOnTheHeap() throws Exception {
        for (int rule = 0; rule < RULES.size(); rule++) {
            Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path"),
                    StepsWithoutGarbage.class.getName(), Integer.toString(rule)).redirectErrorStream(true).start();
            child.getOutputStream().close();
            String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, child.waitFor(), said);
        }
    }

    /** A program: takes steps of one rule until five of them allocate nothing, for two minutes at most. */
    static final class StepsWithoutGarbage {
        public static void main(String[] arguments) {
            UpdateRule rule = RULES.get(Integer.parseInt(arguments[0]));
            List<ParameterSpec> specs = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                specs.addAll(List.of(spec(i + ".kernel", 40, 150), spec(i + ".bias", 37), spec(i + ".experts", 40, 33, 5)));
            }
            try (Workers one = Workers.of(1); Parameters parameters = Parameters.initialized(specs, DType.F32, 1)) {
                Workers.with(one, () -> {
                    try (Optimizer optimizer = new Optimizer(parameters, new Optimizer.Settings(rule, new Clip.GlobalNorm(1),
                            ByName.all(0.1)))) {
                        withGradients(parameters, (p, value) -> value.toDoubles(), gradients -> {
                            requireNoGarbage(rule, () -> optimizer.step(gradients, 1e-3));
                            return null;
                        });
                    }
                });
            }
        }

        private static void requireNoGarbage(UpdateRule rule, Runnable step) {
            com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            long allocated = 1;
            while (allocated > 0) {
                assertTrue(System.nanoTime() < end, rule + ": five steps still allocate " + allocated + " bytes");
                for (int i = 0; i < 20; i++) {
                    step.run();
                }
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 5; i++) {
                    step.run();
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
        }
    }
}

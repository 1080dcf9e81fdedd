package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Update;
import tessella.engine.UpdateRule;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.reference.AdamWOracle;
import tessella.reference.Array;
import tessella.reference.TrainingOracle;

class AdamWTest {
    /** A matrix of several parts of work, a vector that ends inside a SIMD vector, and a scalar. */
    private static final List<ParameterSpec> SPECS = List.of(
            new ParameterSpec("a.kernel", Shape.of(150, 227), Initializer.normal(1)),
            new ParameterSpec("a.bias", Shape.of(37), Initializer.normal(1)),
            new ParameterSpec("a.router.scale", Shape.of(), Initializer.constant(1)));
    private static final ByName DECAY = WeightDecay.softMoe(0.3, 0.3);

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    @Tag("widths")
    void followsTheOracleInBothPrecisions() {
        UpdateRule.Adam other = new UpdateRule.Adam(0.8, 0.95, 1e-3);
        follow(DType.F64, UpdateRule.Adam.DEFAULT, Double.POSITIVE_INFINITY, 1e-14);
        follow(DType.F32, UpdateRule.Adam.DEFAULT, Double.POSITIVE_INFINITY, 2e-6);
        follow(DType.F64, other, 2, 1e-14);
        follow(DType.F32, other, 2, 2e-6);
    }

    /** Twelve steps with gradients of very different lengths, some above and some below the clip. */
    private static void follow(DType dtype, UpdateRule.Adam rule, double clip, double tolerance) {
        Map<String, AdamWOracle> oracles = new HashMap<>();
        Map<String, Array> expected = new HashMap<>();
        try (Parameters parameters = Parameters.initialized(SPECS, dtype, 1);
                Optimizer optimizer = optimizer(parameters, rule, clip, DECAY)) {
            for (Parameter parameter : parameters.all()) {
                oracles.put(parameter.name(), new AdamWOracle(rule.b1(), rule.b2(), rule.eps()));
                expected.put(parameter.name(), array(parameter.value()));
            }
            for (int step = 0; step < 12; step++) {
                double rate = 0.01 * (step + 1);
                List<Array> gradients = new ArrayList<>();
                for (Parameter parameter : parameters.all()) {
                    gradients.add(gradient(parameter, step));
                }
                double norm = step(parameters, optimizer, gradients, rate);
                assertEquals(1, norm / TrainingOracle.globalNorm(gradients), 10 * tolerance);
                List<Array> clipped = clip == Double.POSITIVE_INFINITY ? gradients
                        : TrainingOracle.clipGlobalNorm(gradients, clip);
                int i = 0;
                for (Parameter parameter : parameters.all()) {
                    String name = parameter.name();
                    expected.put(name, oracles.get(name).step(expected.get(name), clipped.get(i++), rate, DECAY.of(name)));
                }
            }
            assertEquals(12, optimizer.steps());
            for (Parameter parameter : parameters.all()) {
                assertArrayEquals(expected.get(parameter.name()).data(), parameter.value().toDoubles(), tolerance,
                        parameter.name());
            }
        }
    }

    private static Array gradient(Parameter parameter, int step) {
        Random random = Random.of(step, parameter.name());
        double size = Math.pow(10, step % 4 - 3);
        double[] values = new double[(int) parameter.shape().size()];
        Arrays.setAll(values, i -> (float) (size * random.normal(i)));
        return Array.of(dims(parameter.value()), values);
    }

    @Test
    void aGradientAsLongAsTheClipIsNotTouched() {
        List<ParameterSpec> specs = List.of(new ParameterSpec("p", Shape.of(2), Initializer.constant(0)));
        double[][] results = new double[3][];
        double[] clips = {5, 6, Double.POSITIVE_INFINITY};
        for (int i = 0; i < clips.length; i++) {
            try (Parameters parameters = Parameters.initialized(specs, DType.F64, 1);
                    Optimizer optimizer = optimizer(parameters, new UpdateRule.Adam(0.9, 0.999, 0.5), clips[i], DECAY)) {
                assertEquals(5, step(parameters, optimizer, List.of(Array.of(new int[] {2}, 3, 4)), 0.1));
                results[i] = parameters.get("p").value().toDoubles();
            }
        }
        assertArrayEquals(results[2], results[0]);
        assertArrayEquals(results[2], results[1]);
        assertArrayEquals(new double[] {-0.1 * 3 / 3.5, -0.1 * 4 / 4.5}, results[0], 1e-14);
    }

    @Test
    void decayIsDecoupledFromTheGradient() {
        List<ParameterSpec> specs = List.of(new ParameterSpec("p.kernel", Shape.of(3), Initializer.constant(2)),
                new ParameterSpec("p.bias", Shape.of(3), Initializer.constant(2)));
        ByName decay = new ByName(List.of(ByName.Rule.of(".*kernel", 0.25)), 0);
        try (Parameters parameters = Parameters.initialized(specs, DType.F64, 1);
                Optimizer optimizer = optimizer(parameters, UpdateRule.Adam.DEFAULT, 1, decay)) {
            step(parameters, optimizer, List.of(Array.zeros(3), Array.zeros(3)), 0.5);
            assertArrayEquals(new double[] {1.75, 1.75, 1.75}, parameters.get("p.kernel").value().toDoubles());
            assertArrayEquals(new double[] {2, 2, 2}, parameters.get("p.bias").value().toDoubles());
        }
    }

    @Test
    void frozenParametersHaveNoMomentsAndStay() {
        try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1)) {
            parameters.get("a.kernel").freeze();
            float[] before = parameters.get("a.kernel").value().toFloats();
            long used = Memory.inUse();
            try (Optimizer optimizer = optimizer(parameters, UpdateRule.Adam.DEFAULT, 1, DECAY)) {
                long moments = Memory.inUse() - used;
                assertTrue(moments >= 2 * 38 * Float.BYTES && moments < 150 * 227, "bytes of moments: " + moments);
                List<Array> gradients = parameters.all().stream().map(p -> gradient(p, 3)).toList();
                double norm = step(parameters, optimizer, gradients, 0.1);
                assertEquals(1, norm / TrainingOracle.globalNorm(gradients.subList(1, 3)), 1e-6);
            }
            assertEquals(used, Memory.inUse());
            assertArrayEquals(before, parameters.get("a.kernel").value().toFloats());
            assertTrue(parameters.get("a.router.scale").value().item() != 1);
        }
    }

    @Test
    void aParameterThatNoOperatorUsedStays() {
        try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1);
                Optimizer optimizer = optimizer(parameters, UpdateRule.Adam.DEFAULT, 1, DECAY)) {
            float[] before = parameters.get("a.kernel").value().toFloats();
            try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
                Tensor bias = Elementwise.scale(parameters.get("a.bias").tensor(), 1);
                NdArray ones = NdArray.full(scope, DType.F32, Shape.of(37), 1);
                assertEquals(Math.sqrt(37), optimizer.step(tape.gradients(List.of(bias), List.of(ones)), 0.1), 1e-12);
            }
            assertArrayEquals(before, parameters.get("a.kernel").value().toFloats());
            assertEquals(1, parameters.get("a.router.scale").value().item());
        }
    }

    /** Subnormal numbers would slow every later step; the mean is seen by the only thing that moves a parameter at 0. */
    @Test
    void theMeanOfAnIdleExpertBecomesExactlyZero() {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            List<ParameterSpec> specs = List.of(new ParameterSpec("experts", Shape.of(2, 19), Initializer.constant(0)));
            try (Parameters parameters = Parameters.initialized(specs, dtype, 1);
                    Optimizer optimizer = optimizer(parameters, new UpdateRule.Adam(0.5, 0.5, 1e-8), 1, DECAY)) {
                double[] both = new double[38];
                Arrays.fill(both, 0.1);
                step(parameters, optimizer, List.of(Array.of(new int[] {2, 19}, both)), 0.1);
                Arrays.fill(both, 19, 38, 0); // the second expert gets no token any more
                for (int step = 0; step < 1_100; step++) {
                    step(parameters, optimizer, List.of(Array.of(new int[] {2, 19}, both)), 0.1);
                }
                parameters.get("experts").value().copyFrom(new double[38]);
                step(parameters, optimizer, List.of(Array.of(new int[] {2, 19}, both)), 0.1);
                double[] after = parameters.get("experts").value().toDoubles();
                for (int i = 0; i < 38; i++) {
                    assertTrue(i < 19 ? after[i] < -0.01 : after[i] == 0, dtype + " [" + i + "]: " + after[i]);
                }
            }
        }
    }

    @Test
    @Tag("widths")
    void bothMomentsOfAnIdleElementBecomeExactlyZero() {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            try (Scope scope = Scope.open()) {
                Shape shape = Shape.of(19);
                NdArray p = NdArray.zeros(scope, dtype, shape);
                NdArray none = NdArray.zeros(scope, dtype, shape);
                Update update = Update.of(new UpdateRule.Adam(0.5, 0.5, 1e-8), scope, List.of(new Update.Target(p, 1, 0)));
                NdArray mean = update.state(0).get("m");
                NdArray square = update.state(0).get("v");
                mean.copyFrom(NdArray.full(scope, dtype, shape, 1));
                square.copyFrom(mean);
                double least = dtype == DType.F32 ? Float.MIN_NORMAL : Double.MIN_NORMAL;
                for (long t = 1; t <= 1_100; t++) {
                    update.gradient(0, none);
                    update.step(0, 1, Double.POSITIVE_INFINITY);
                    double expected = Math.pow(0.5, t) < least ? 0 : Math.pow(0.5, t);
                    for (NdArray moment : List.of(mean, square)) {
                        double[] values = moment.toDoubles();
                        assertEquals(expected, values[0], "step " + t);
                        assertEquals(expected, values[18], "step " + t);
                    }
                }
            }
        }
    }

    private static Optimizer optimizer(Parameters parameters, UpdateRule rule, double clip, ByName decay) {
        return new Optimizer(parameters, new Optimizer.Settings(rule, new Clip.GlobalNorm(clip), decay));
    }

    private static double step(Parameters parameters, Optimizer optimizer, List<Array> gradients, double rate) {
        try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
            List<Tensor> outputs = new ArrayList<>();
            List<NdArray> cotangents = new ArrayList<>();
            int i = 0;
            for (Parameter parameter : parameters.all()) {
                Array gradient = gradients.get(i++);
                if (!parameter.isFrozen()) {
                    // the gradient of 1 p for the cotangent g is g itself
                    outputs.add(Elementwise.scale(parameter.tensor(), 1));
                    NdArray cotangent = NdArray.empty(scope, parameter.value().dtype(), parameter.shape());
                    cotangent.copyFrom(gradient.data());
                    cotangents.add(cotangent);
                }
            }
            return optimizer.step(tape.gradients(outputs, cotangents), rate);
        }
    }

    private static Array array(NdArray value) {
        return Array.of(dims(value), value.toDoubles());
    }

    private static int[] dims(NdArray value) {
        return Arrays.stream(value.shape().dims()).mapToInt(Math::toIntExact).toArray();
    }
}

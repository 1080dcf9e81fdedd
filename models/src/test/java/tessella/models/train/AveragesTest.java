package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** Running means of parameters. */
class AveragesTest {
    private static final List<ParameterSpec> SPECS = List.of(new ParameterSpec("a", Shape.of(3), Initializer.constant(8)),
            new ParameterSpec("b", Shape.of(), Initializer.constant(8)));

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Parameters parameters() {
        return Parameters.initialized(SPECS, DType.F64, 1);
    }

    private static double read(Ema ema) {
        try (Parameters target = Parameters.empty(SPECS, DType.F64)) {
            ema.writeTo(target);
            double b = target.get("b").value().item();
            assertArrayEquals(new double[] {b, b, b}, target.get("a").value().toDoubles());
            return b;
        }
    }

    private static void set(Parameters parameters, double value) {
        parameters.get("a").value().copyFrom(new double[] {value, value, value});
        parameters.get("b").value().copyFrom(new double[] {value});
    }

    @Test
    void theMeanBeginsWhereItIsToldTo() {
        double[][] expected = {{8, 0.75 * 8 + 0.25 * 4, 0.75 * 7 + 0.25 * 20}, {0, 1, 0.75 + 5}, {Double.NaN, 4, 5.75 / 0.4375}};
        for (Ema.Start start : Ema.Start.values()) {
            try (Parameters parameters = parameters(); Ema ema = new Ema(parameters, 0.75, start)) {
                double[] of = expected[start.ordinal()];
                if (start == Ema.Start.ZERO_DEBIASED) {
                    assertEquals("ema: expected a step before its debiased mean is read, found none",
                            assertThrows(IllegalStateException.class, () -> read(ema)).getMessage());
                } else {
                    assertEquals(of[0], read(ema));
                }
                set(parameters, 4);
                ema.step();
                assertEquals(of[1], read(ema), 1e-14);
                set(parameters, 20);
                ema.step();
                assertEquals(of[2], read(ema), 1e-14);
                ema.writeTo(parameters); // into what it is the mean of
                assertEquals(of[2], parameters.get("b").value().item(), 1e-14);
            }
        }
    }

    @Test
    void theMeanOfAFrozenParameterIsItselfAndTakesNoMemory() {
        try (Parameters parameters = parameters()) {
            parameters.get("a").freeze();
            try (Ema ema = new Ema(parameters, 0.5, Ema.Start.ZERO); Parameters target = Parameters.empty(SPECS, DType.F64)) {
                assertEquals("[ema.step, ema.b]", ema.state().keySet().toString());
                ema.step();
                ema.writeTo(target);
                assertArrayEquals(new double[] {8, 8, 8}, target.get("a").value().toDoubles());
                assertEquals(4, target.get("b").value().item());
                ema.writeTo(parameters);
                assertArrayEquals(new double[] {8, 8, 8}, parameters.get("a").value().toDoubles());
            }
        }
    }

    @Test
    void meansOfAnotherModelAreRefused() {
        assertEquals("ema: expected a decay in [0, 1), found 1.0", assertThrows(IllegalArgumentException.class,
                () -> new Ema(null, 1, Ema.Start.ZERO)).getMessage());
        try (Scope scope = Scope.open(); Parameters parameters = parameters(); Ema ema = new Ema(parameters, 0.5, Ema.Start.ZERO);
                Parameters single = Parameters.initialized(SPECS, DType.F32, 1)) {
            assertEquals("ema: expected a float64 [3] to write to, found float32 [3]", assertThrows(IllegalArgumentException.class,
                    () -> ema.writeTo(single)).getMessage());
            Map<String, NdArray> saved = new LinkedHashMap<>(ema.state());
            saved.remove("ema.b");
            saved.put("ema.a", NdArray.full(scope, DType.F64, Shape.of(3), 5));
            assertEquals("restoring ema.*: the saved state is not that of this run: missing ema.b float64 []; restore it with the "
                    + "model and the options that it was saved with", assertThrows(IllegalArgumentException.class,
                            () -> ema.restore(saved)).getMessage());
            assertArrayEquals(new double[3], ema.state().get("ema.a").toDoubles());
            saved.put("ema.b", NdArray.full(scope, DType.F64, Shape.of(), 5));
            saved.put("ema.step", NdArray.full(scope, DType.F64, Shape.of(), -1));
            assertEquals("ema.step: expected a whole number of steps of at least 0, found -1.0",
                    assertThrows(IllegalArgumentException.class, () -> ema.restore(saved)).getMessage());
            assertArrayEquals(new double[3], ema.state().get("ema.a").toDoubles());
        }
    }
}

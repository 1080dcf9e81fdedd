package tessella.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.OutOfBudgetException;
import tessella.engine.Shape;

class ParametersTest {
    private static final List<ParameterSpec> SPECS = List.of(
            new ParameterSpec("b.kernel", Shape.of(3, 5), Initializer.xavierUniform(3, 5)),
            new ParameterSpec("b.bias", Shape.of(5), Initializer.normal(1)),
            new ParameterSpec("a.scale", Shape.of(), Initializer.constant(2)));

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    void keepsTheOrderTheShapesAndTheNumberOfElements() {
        try (Parameters parameters = Parameters.initialized(SPECS, DType.F32, 1)) {
            assertEquals(List.of("b.kernel", "b.bias", "a.scale"),
                    parameters.all().stream().map(Parameter::name).toList());
            assertEquals(15 + 5 + 1, parameters.count());
            assertEquals(Shape.of(3, 5), parameters.get("b.kernel").shape());
            assertEquals(2, parameters.get("a.scale").value().item());
            assertSame(parameters.get("b.bias"), parameters.all().stream().toList().get(1));
            Collection<Parameter> all = parameters.all();
            assertThrows(UnsupportedOperationException.class, all::clear);
            assertTrue(parameters.bytes() >= 4 * 21, "bytes: " + parameters.bytes());
            assertEquals(parameters.bytes(), Memory.inUse());
            assertTrue(parameters.isOpen());
        }
    }

    @Test
    void aValueDoesNotDependOnItsNeighbours() {
        try (Parameters all = Parameters.initialized(SPECS, DType.F64, 1);
                Parameters reversed = Parameters.initialized(SPECS.reversed(), DType.F64, 1);
                Parameters one = Parameters.initialized(SPECS.subList(1, 2), DType.F64, 1);
                Parameters otherSeed = Parameters.initialized(SPECS, DType.F64, 2)) {
            double[] bias = all.get("b.bias").value().toDoubles();
            assertArrayEquals(bias, reversed.get("b.bias").value().toDoubles());
            assertArrayEquals(bias, one.get("b.bias").value().toDoubles());
            assertFalse(Arrays.equals(bias, otherSeed.get("b.bias").value().toDoubles()));
        }
    }

    @Test
    void closingReturnsTheMemoryOnce() {
        Parameters parameters = Parameters.empty(SPECS, DType.F32);
        parameters.close();
        assertFalse(parameters.isOpen());
        assertEquals(0, Memory.inUse());
        assertThrows(IllegalStateException.class, parameters::close);
        assertThrows(IllegalStateException.class, () -> parameters.get("a.scale").value().item());
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        try (Parameters parameters = Parameters.empty(SPECS, DType.F32)) {
            assertEquals("parameters: expected one named b.kernl, found [b.kernel, b.bias, a.scale]",
                    assertThrows(IllegalArgumentException.class, () -> parameters.get("b.kernl")).getMessage());
        }
    }

    @Test
    void twoOfOneNameAreRefused() {
        List<ParameterSpec> twice = List.of(SPECS.get(0), SPECS.get(1), SPECS.get(0));
        assertEquals("parameters: two are named b.kernel",
                assertThrows(IllegalArgumentException.class, () -> Parameters.empty(twice, DType.F32)).getMessage());
    }

    @Test
    void aModelThatDoesNotFitLeavesNothing() {
        long before = Memory.budget();
        try {
            Memory.budget(1 << 24);
            List<ParameterSpec> large = List.of(SPECS.get(0),
                    new ParameterSpec("large", Shape.of(1 << 20, 1 << 10), Initializer.constant(0)));
            String message = assertThrows(OutOfBudgetException.class, () -> Parameters.empty(large, DType.F32)).getMessage();
            assertTrue(message.contains("[1048576, 1024]") && message.contains("tessella.memory.budget"), message);
        } finally {
            Memory.budget(before);
        }
    }

    @Test
    void namesAndShapesMustAgreeAndAllThatDoNotAreTold() {
        Map<String, Shape> found = new LinkedHashMap<>();
        SPECS.forEach(spec -> found.put(spec.name(), spec.shape()));
        Parameters.checkNames("file", SPECS, found);
        found.remove("a.scale");
        found.put("b.kernel", Shape.of(5, 3));
        found.put("c", Shape.of(7));
        found.put("d", Shape.of());
        assertEquals("file: its tensors do not fit this model: b.kernel expected [3, 5] found [5, 3]; "
                + "missing a.scale []; unexpected c [7]; unexpected d []",
                assertThrows(IllegalArgumentException.class, () -> Parameters.checkNames("file", SPECS, found)).getMessage());
    }
}

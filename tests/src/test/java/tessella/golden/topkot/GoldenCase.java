package tessella.golden.topkot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.json.Json;

/**
 * A case of a file of golden vectors for top-k and optimal transport: inputs and parameters of an operator, what it gives, and for some
 * results a cotangent and the gradient. All float64.
 */
record GoldenCase(String id, String op, Map<String, Object> params, Map<String, Object> inputs, Map<String, Object> expected,
        Map<String, Object> cotangent, Map<String, Object> vjp, double forwardTolerance, double vjpTolerance) {

    /** The cases of these operators in the file that the property tessella.golden.topk names, else in that beside the tests. */
    static Stream<GoldenCase> of(String... ops) throws IOException {
        List<Object> cases = list(((Map<?, ?>) Json.parse(Files.readAllBytes(file()))).get("cases"));
        return cases.stream().map(c -> of(object(c))).filter(c -> List.of(ops).contains(c.op));
    }

    /** The file that is checked, relative to the root of the checkout. */
    static Path file() {
        String given = System.getProperty("tessella.golden.topk", "");
        return Path.of(System.getProperty("tessella.home", "..")).resolve(given.isEmpty()
                ? "tests/src/test/resources/topk-ot/topk-ot-public.json" : given).normalize();
    }

    private static GoldenCase of(Map<String, Object> c) {
        Map<String, Object> tolerances = object(c.get("tol"));
        return new GoldenCase((String) c.get("id"), (String) c.get("op"), object(c.get("params")), object(c.get("inputs")),
                object(c.get("expected")), object(c.getOrDefault("cotangent", Map.of())), object(c.getOrDefault("vjp", Map.of())),
                number(tolerances.get("fwd")), number(tolerances.getOrDefault("vjp", 0.0)));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    static double number(Object value) {
        return ((Number) value).doubleValue();
    }

    int integer(String param) {
        return (int) number(params.get(param));
    }

    double real(String param) {
        return number(params.get(param));
    }

    /** A number, vector or matrix row by row. */
    static double[] flat(Object value) {
        return value instanceof Number n ? new double[] {n.doubleValue()}
                : list(value).stream().flatMapToDouble(v -> Arrays.stream(flat(v))).toArray();
    }

    static Shape shape(Object value) {
        if (value instanceof Number) {
            return Shape.of();
        }
        List<Object> rows = list(value);
        Shape own = Shape.of(rows.size());
        return rows.isEmpty() ? own : own.then(shape(rows.get(0)));
    }

    /** An input, or a cotangent, as an array of the innermost scope. */
    static NdArray array(Object value) {
        NdArray out = NdArray.empty(Scope.current(), DType.F64, shape(value));
        out.copyFrom(flat(value));
        return out;
    }

    void requireForward(String name, double[] found) {
        require(name, flat(expected.get(name)), found, max -> forwardTolerance * Math.max(1, max));
    }

    void requireGradient(String name, double[] found) {
        require("gradient of " + name, flat(vjp.get(name)), found, max -> max == 0 ? vjpTolerance : vjpTolerance * max);
    }

    private void require(String name, double[] wanted, double[] found, DoubleUnaryOperator tolerance) {
        assertEquals(wanted.length, found.length, id + ": length of " + name);
        double max = Arrays.stream(wanted).map(Math::abs).max().orElse(0);
        for (int i = 0; i < wanted.length; i++) {
            assertTrue(Math.abs(found[i] - wanted[i]) <= tolerance.applyAsDouble(max), id + ": " + name + " at " + i + ": expected "
                    + wanted[i] + ", found " + found[i] + ", allowed error " + tolerance.applyAsDouble(max));
        }
    }
}

package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static tessella.engine.Samples.refused;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.EinsumOracle;
import tessella.reference.MatmulOracle;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/** MatMul, Einsum and attention against the oracles, for operands in any layout. */
class ProductsProperties {
    private static final double SINGLE = 2e-5;
    private static final double TWICE = 1e-13;

    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extents();
    }

    @Provide
    Arbitrary<Integer> extentsWithZero() {
        return ShapeArbitraries.extentsWithZero();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void matrixProductsEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extentsWithZero") int m,
            @ForAll("extentsWithZero") int n,
            @ForAll("extentsWithZero") int k, @ForAll boolean bias, @ForAll long seed) {
        Array a = ValueArbitraries.normal(seed, m, k);
        Array b = ValueArbitraries.normal(seed + 1, k, n);
        Array added = ValueArbitraries.normal(seed + 2, n);
        try (Scope _ = Scope.open()) {
            NdArray y = bias ? MatMul.multiply(Samples.any(dtype, a, seed), Samples.any(dtype, b, seed >> 1),
                    Samples.contiguous(dtype, added)) : MatMul.multiply(Samples.any(dtype, a, seed),
                            Samples.any(dtype, b, seed >> 1));
            Array product = MatmulOracle.matmul(a, b);
            Samples.requireClose("matmul", bias ? product.plus(added) : product, y, SINGLE, TWICE);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void leadingAxesBroadcast(@ForAll(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1, max = 20) int m,
            @ForAll @IntRange(min = 1, max = 20) int n, @ForAll @IntRange(min = 1, max = 20) int k,
            @ForAll @IntRange(min = 0, max = 3) int rank, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] batch = random.ints(rank, 1, 4).toArray();
        Array a = ValueArbitraries.normal(seed, broadcastable(random, batch, m, k));
        Array b = ValueArbitraries.normal(seed + 1, broadcastable(random, batch, k, n));
        // a row for each member, [.., 1, n], which a product takes as [.., n]
        Array added = ValueArbitraries.normal(seed + 2, broadcastable(random, batch, 1, n));
        try (Scope _ = Scope.open()) {
            NdArray y = MatMul.multiply(Samples.any(dtype, a, seed), Samples.any(dtype, b, seed >> 1));
            Array product = MatmulOracle.matmul(a, b);
            Samples.requireClose("matmul", product, y, SINGLE, TWICE);
            int[] rows = IntStream.range(0, added.rank()).filter(i -> i != added.rank() - 2).map(added::dim).toArray();
            NdArray z = MatMul.multiply(Samples.any(dtype, a, seed), Samples.any(dtype, b, seed >> 1),
                    Samples.contiguous(dtype, added.reshape(rows)));
            Samples.requireClose("linear", product.plus(added), z, SINGLE, TWICE);
        }
    }

    /** Some last axes of batch, each perhaps 1, then the two axes of a matrix. */
    private static int[] broadcastable(SplittableRandom random, int[] batch, int rows, int columns) {
        int from = random.nextInt(batch.length + 1);
        IntStream axes = IntStream.range(from, batch.length).map(i -> random.nextInt(3) == 0 ? 1 : batch[i]);
        return IntStream.concat(axes, IntStream.of(rows, columns)).toArray();
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void randomEquationsEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1,
            max = 3) int operands,
            @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        String alphabet = "abcdeF";
        int[] extents = random.ints(alphabet.length(), 1, 6).toArray();
        StringBuilder equation = new StringBuilder();
        Array[] arrays = new Array[operands];
        String known = "";
        for (int i = 0; i < operands; i++) {
            String letters = letters(random, alphabet, 4);
            known += letters;
            equation.append(i == 0 ? "" : random.nextBoolean() ? ", " : ",").append(letters);
            arrays[i] = ValueArbitraries.normal(seed + i, letters.chars().map(c ->
                    extents[alphabet.indexOf(c)]).toArray());
        }
        String all = known.chars().distinct().collect(StringBuilder::new, StringBuilder::appendCodePoint,
                StringBuilder::append)
                .toString();
        equation.append("->").append(letters(random, all, all.length()));
        try (Scope _ = Scope.open()) {
            NdArray[] values = new NdArray[operands];
            for (int i = 0; i < operands; i++) {
                values[i] = Samples.any(dtype, arrays[i], seed >> i);
            }
            NdArray y = Einsum.of(equation.toString()).apply(values);
            Samples.requireClose(equation.toString(), EinsumOracle.einsum(equation.toString().replace(" ", ""), arrays),
                    y,
                    SINGLE, TWICE);
            for (int i = 0; i < operands; i++) {
                Samples.requireClose("operand " + i + " of " + equation, arrays[i], values[i], 0, 0);
            }
        }
    }

    private static String letters(SplittableRandom random, String alphabet, int most) {
        StringBuilder left = new StringBuilder(alphabet);
        StringBuilder out = new StringBuilder();
        for (int count = random.nextInt(most + 1); count > 0 && !left.isEmpty(); count--) {
            int at = random.nextInt(left.length());
            out.append(left.charAt(at));
            left.deleteCharAt(at);
        }
        return out.toString();
    }

    @Example
    void badEquationsAreRefusedWithTheirText() {
        for (String bad : new String[] {"", "ab", "ab,bc", "a,b,c,d->a", "a1->a", "ab->a->b", "...a->a", "a;b->ab"}) {
            refused(() -> Einsum.of(bad), "einsum", "\"" + bad + "\"", "one to three operands");
        }
        refused(() -> Einsum.of("ab->bb"), "names an axis twice");
        refused(() -> Einsum.of("ab,bc->ad"), "axis d", "no operand has");
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
            refused(() -> Einsum.of("ab,bc->ac").apply(x), "2 operands", "found 1");
            refused(() -> Einsum.of("aa->a").apply(x), "axis a", "2 before", "3 in operand 1", "[2, 3]");
            refused(() -> x.diagonal(0, 1), "diagonal", "[2, 3]", "0 and 1");
            refused(() -> x.diagonal(1, -1), "diagonal", "1 and -1");
            refused(() -> Einsum.of("abc->a").apply(x), "\"abc\"", "3 axes", "[2, 3]");
            refused(() -> Einsum.of("ab,bc->ac").apply(x, x), "axis b", "3 before", "2 in operand 2", "[2, 3]");
            refused(() -> Einsum.of("ab,bc->ac").apply(x, NdArray.zeros(scope, DType.F32, Shape.of(4, 1))), "axis b", "3 before",
                    "4 in operand 2", "[4, 1]");
            refused(() -> Einsum.of("ab,ab->a").apply(x, NdArray.zeros(scope, DType.F64, Shape.of(2, 3))), "einsum",
                    "float32",
                    "float64");
        }
    }

    @Example
    void aResultIsNeverTheMemoryOfAnOperand() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.of(scope, Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6});
            for (String equation : new String[] {"ab->ba", "ab->ab"}) {
                NdArray y = Einsum.of(equation).apply(x);
                assertFalse(y.sharesMemoryWith(x), equation);
                y.free();
            }
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, x.toFloats());
        }
    }

    @Example
    void productsThatDoNotFitAreRefusedWithShapes() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
            NdArray batch = NdArray.zeros(scope, DType.F32, Shape.of(4, 3, 2));
            refused(() -> MatMul.multiply(x, x), "matmul", "[2, 3] times [2, 3]");
            refused(() -> MatMul.multiply(x, NdArray.zeros(scope, DType.F32, Shape.of(3))), "matmul", "[3]");
            refused(() -> MatMul.multiply(batch, NdArray.zeros(scope, DType.F32, Shape.of(5, 2, 1))), "matmul",
                    "broadcast",
                    "[4]", "[5]");
            refused(() -> MatMul.multiply(x, NdArray.zeros(scope, DType.F64, Shape.of(3, 2))), "matmul", "float64");
            refused(() -> MatMul.multiply(x, x.transpose(), NdArray.zeros(scope, DType.F32, Shape.of(3))), "linear",
                    "[.., 2]", "[3]");
            refused(() -> MatMul.multiply(x, x.transpose(), NdArray.zeros(scope, DType.F32, Shape.of(2, 2)).slice(1, 0, 1)
                    .reshape(Shape.of(2))), "linear", "contiguous rows", "copy()");
            NdArray q = NdArray.zeros(scope, DType.F32, Shape.of(1, 2, 3, 4));
            refused(() -> Heads.forward(q, NdArray.zeros(scope, DType.F32, Shape.of(1, 2, 2, 4)), q, 1), "attention",
                    "[1, 2, 3, 4]", "[1, 2, 2, 4]");
            refused(() -> Heads.forward(q, q.slice(1, 0, 0), q.slice(1, 0, 0), 1), "attention", "m at least 1");
            refused(() -> Heads.forward(x, x, x, 1), "attention", "[2, 3]");
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void attentionEqualsTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll("extents") int n, @ForAll("extents") int m,
            @ForAll long seed) {
        int d = new int[] {1, 4, 7, 16}[(int) (seed & 3)];
        Array q = ValueArbitraries.normal(seed, batch, n, heads, d);
        Array k = ValueArbitraries.normal(seed + 1, batch, m, heads, d);
        Array v = ValueArbitraries.normal(seed + 2, batch, m, heads, d);
        Array dO = ValueArbitraries.normal(seed + 3, batch, n, heads, d);
        try (Scope _ = Scope.open()) {
            NdArray[] x = {Samples.any(dtype, q, seed), Samples.any(dtype, k, seed >> 1), Samples.any(dtype, v,
                    seed >> 2)};
            Heads.Attention found = Heads.forward(x[0], x[1], x[2], 0.5);
            Samples.requireClose("o", AttentionOracle.attention(q, k, v, 0.5), found.o(), 2e-5, 1e-12);
            Heads.Gradient gradient = Heads.gradient(x[0], x[1], x[2], found, Samples.any(dtype, dO, seed >> 3), 0.5);
            AttentionOracle.Gradients expected = AttentionOracle.attentionVjp(q, k, v, 0.5, null, null, dO);
            Samples.requireClose("dq", expected.q(), gradient.dq(), 2e-4, 1e-11);
            Samples.requireClose("dk", expected.k(), gradient.dk(), 2e-4, 1e-11);
            Samples.requireClose("dv", expected.v(), gradient.dv(), 2e-4, 1e-11);
        }
    }
}

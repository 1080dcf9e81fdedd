package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import tessella.kernels.FloatGemm;
import tessella.reference.Array;
import tessella.reference.MatmulOracle;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/** Products with packed matrices have the bits of products with the arrays that were packed, or with those rounded to bfloat16. */
class PackedMatrixProperties {
    /** What becomes of single bits, of carries and of what is no number. */
    private static final int[] SPECIAL = {0x7fc00000, 0xff800001, 0x7f800001, 0x7f80ffff, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7f7fff,
        0x00000001, 0x80000001, 0x00008000, 0x00018000, 0x007fffff, 0x00000000, 0x80000000, 0x3f808000, 0x3f818000, 0x3f808001};

    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extentsWithZero();
    }

    /** Rows, some of them more than the block of tiles has, or two. */
    @Provide
    Arbitrary<Integer> rows() {
        return Arbitraries.frequencyOf(Tuple.of(9, ShapeArbitraries.extentsWithZero()), Tuple.of(1, Arbitraries.of(150, 341, 700)));
    }

    /** Inner extents, some of them of several blocks. */
    @Provide
    Arbitrary<Integer> depths() {
        return Arbitraries.frequencyOf(Tuple.of(9, ShapeArbitraries.extentsWithZero()),
                Tuple.of(1, Arbitraries.of(511, 513, 1023, 1024, 1025, 2100)));
    }

    /** Columns: less than a vector, panels, several of them. */
    @Provide
    Arbitrary<Integer> columns() {
        return Arbitraries.frequencyOf(Tuple.of(6, ShapeArbitraries.extentsWithZero()),
                Tuple.of(1, Arbitraries.of(96, 128, 129, 203, 257)));
    }

    private static PackedMatrix packed(DType stored, NdArray b) {
        return stored == DType.BF16 ? PackedMatrix.bfloat16(Scope.current(), b) : PackedMatrix.of(Scope.current(), b);
    }

    /** b, or what bfloat16 keeps of it. */
    private static NdArray kept(DType stored, NdArray b) {
        return stored == DType.BF16 ? b.to(DType.BF16).to(DType.F32) : b;
    }

    /** What an array that is packed as this type holds before. */
    private static DType computed(DType stored) {
        return stored == DType.BF16 ? DType.F32 : stored;
    }

    private static NdArray multiply(NdArray a, PackedMatrix b, NdArray bias) {
        return bias == null ? MatMul.multiply(a, b) : MatMul.multiply(a, b, bias);
    }

    private static NdArray multiply(NdArray a, NdArray b, NdArray bias) {
        return bias == null ? MatMul.multiply(a, b) : MatMul.multiply(a, b, bias);
    }

    /** The same shape and numbers, NaN where NaN is and zeros of one sign. */
    private static void requireSame(NdArray expected, NdArray found) {
        assertEquals(expected.dtype(), found.dtype());
        assertEquals(expected.shape(), found.shape());
        assertArrayEquals(expected.toDoubles(), found.toDoubles());
    }

    @Provide
    Arbitrary<DType> stored() {
        return Arbitraries.of(DType.F32, DType.F64, DType.BF16);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void productsHaveTheBitsOfThoseOfTheArray(@ForAll("stored") DType stored, @ForAll("rows") int m, @ForAll("columns") int n,
            @ForAll("depths") int k, @ForAll boolean biased, @ForAll long seed) {
        DType dtype = computed(stored);
        try (Scope _ = Scope.open()) {
            NdArray a = Samples.any(dtype, ValueArbitraries.normal(seed, m, k), seed);
            NdArray b = Samples.any(dtype, ValueArbitraries.normal(seed + 1, k, n), seed >> 1);
            NdArray bias = biased ? Samples.contiguous(dtype, ValueArbitraries.normal(seed + 2, n)) : null;
            requireSame(multiply(a, kept(stored, b), bias), multiply(a, packed(stored, b), bias));
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void leadingAxesBroadcastAsThoseOfTheArray(@ForAll("stored") DType stored, @ForAll @IntRange(min = 1, max = 20) int m,
            @ForAll @IntRange(min = 1, max = 40) int n, @ForAll @IntRange(min = 1, max = 20) int k,
            @ForAll @IntRange(max = 3) int rank, @ForAll boolean biased, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] batch = random.ints(rank, 1, 4).toArray();
        DType dtype = computed(stored);
        try (Scope _ = Scope.open()) {
            NdArray a = Samples.any(dtype, ValueArbitraries.normal(seed, broadcastable(random, batch, m, k)), seed);
            NdArray b = Samples.any(dtype, ValueArbitraries.normal(seed + 1, broadcastable(random, batch, k, n)), seed >> 1);
            NdArray bias = biased ? Samples.contiguous(dtype, ValueArbitraries.normal(seed + 2, n)) : null;
            requireSame(multiply(a, kept(stored, b), bias), multiply(a, packed(stored, b), bias));
        }
    }

    /** Some last axes of batch, each perhaps 1, then the two axes of a matrix. */
    private static int[] broadcastable(SplittableRandom random, int[] batch, int rows, int columns) {
        int from = random.nextInt(batch.length + 1);
        IntStream axes = IntStream.range(from, batch.length).map(i -> random.nextInt(3) == 0 ? 1 : batch[i]);
        return IntStream.concat(axes, IntStream.of(rows, columns)).toArray();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void productsEqualTheOracle(@ForAll("stored") DType stored, @ForAll("extents") int m, @ForAll("extents") int n,
            @ForAll("extents") int k, @ForAll boolean biased, @ForAll long seed) {
        DType dtype = computed(stored);
        Array a = ValueArbitraries.normal(seed, m, k);
        Array b = ValueArbitraries.normal(seed + 1, k, n);
        Array added = ValueArbitraries.normal(seed + 2, n);
        try (Scope _ = Scope.open()) {
            NdArray right = Samples.any(dtype, b, seed >> 1);
            NdArray bias = biased ? Samples.contiguous(dtype, added) : null;
            Array product = MatmulOracle.matmul(a, Array.of(new int[] {k, n}, kept(stored, right).toDoubles()));
            Samples.requireClose("packed " + stored, biased ? product.plus(added) : product,
                    multiply(Samples.any(dtype, a, seed), packed(stored, right), bias), 2e-5, 1e-13);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void weightsOfAnyBitsRoundAsTheirConversionDoes(@ForAll @IntRange(min = 1, max = 17) int m, @ForAll("columns") int n,
            @ForAll("extents") int k, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Scope scope = Scope.open()) {
            NdArray b = NdArray.empty(scope, DType.F32, Shape.of(k, n));
            b.withSegment(segment -> {
                for (long at = 0; at < segment.byteSize(); at += Integer.BYTES) {
                    // few that are no numbers, so that few sums are not
                    int bits = random.nextInt(8) == 0 ? random.nextInt() : Float.floatToRawIntBits((float) random.nextGaussian());
                    segment.set(ValueLayout.JAVA_INT, at, random.nextInt(16) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)] : bits);
                }
                return null;
            });
            NdArray a = Samples.any(DType.F32, ValueArbitraries.normal(seed, m, k), seed);
            requireSame(MatMul.multiply(a, kept(DType.BF16, b)), MatMul.multiply(a, packed(DType.BF16, b)));
            // one at a time, and so with no other that hides it
            NdArray identity = NdArray.zeros(scope, DType.F32, Shape.of(1, 1));
            identity.copyFrom(new float[] {1});
            NdArray row = b.reshape(Shape.of(1, (long) k * n));
            requireSame(MatMul.multiply(identity, kept(DType.BF16, row)), MatMul.multiply(identity, packed(DType.BF16, row)));
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void bitsDependOnNoNumberOfThreads(@ForAll("stored") DType stored, @ForAll @IntRange(min = 1, max = 400) int m,
            @ForAll @IntRange(min = 1, max = 300) int n, @ForAll @IntRange(min = 1, max = 1100) int k, @ForAll boolean biased,
            @ForAll @IntRange(min = 1, max = 3) int members, @ForAll long seed) {
        DType dtype = computed(stored);
        int shared = biased ? 1 : members;
        double[][] found = new double[3][];
        // one scope: a team does not find what it should compute where the one before left it
        try (Scope _ = Scope.open()) {
            NdArray a = uniform(dtype, seed, members, m, k);
            NdArray b = uniform(dtype, seed + 1, shared, k, n);
            NdArray bias = biased ? uniform(dtype, seed + 2, n) : null;
            for (int threads = 1; threads <= 3; threads++) {
                try (Workers team = Workers.of(threads)) {
                    found[threads - 1] = Workers.with(team, () -> multiply(a, packed(stored, b), bias)).toDoubles();
                }
            }
        }
        assertArrayEquals(found[0], found[1], "2 threads");
        assertArrayEquals(found[0], found[2], "3 threads");
    }

    /** Numbers that are fast to draw. */
    private static NdArray uniform(DType dtype, long seed, long... dims) {
        NdArray out = NdArray.empty(Scope.current(), dtype, Shape.of(dims));
        out.copyFrom(new SplittableRandom(seed).doubles(out.size(), -1, 1).toArray());
        return out;
    }

    @Example
    void rowsOfSeveralBlocksOfTilesHaveTheBitsOfTheArray() {
        int m = 2 * 26 * FloatGemm.MR + 5;
        for (DType stored : new DType[] {DType.F32, DType.F64, DType.BF16}) {
            DType dtype = computed(stored);
            for (int k : new int[] {3, 1500}) {
                try (Scope _ = Scope.open()) {
                    NdArray a = uniform(dtype, k, m, k);
                    NdArray b = uniform(dtype, k + 1, 150, k).transpose();
                    NdArray bias = uniform(dtype, k + 2, 150);
                    requireSame(multiply(a, kept(stored, b), bias), multiply(a, packed(stored, b), bias));
                }
            }
        }
    }
}

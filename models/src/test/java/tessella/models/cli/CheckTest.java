package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.engine.Memory;
import tessella.kernels.Precision;

/** {@code tessella check}: what it times, and what it says of given figures. */
class CheckTest {
    private static final CheckReport.Timed GOOD = new CheckReport.Timed("Pointwise.add", 0, 65e9, 0.79, 0.6);
    private static final CheckReport.Timed POOR = new CheckReport.Timed("Gemm.multiply, B packed", 40e9, 1.5e9, 0.15, 0.6);
    private static final CheckReport.Timed FALLEN = new CheckReport.Timed("Softmax.rows", 0, 0.1e9, 0.0012, 0.2);

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Ran printed(CheckReport report) {
        return Ran.of((out, err) -> new Program("tessella", "").with(CheckCommand.COMMAND,
                arguments -> stream -> CheckCommand.print(report, stream)).run(new String[] {"check"}, out, err));
    }

    @Test
    void aKernelFarBelowItsShareIsNamedAndEndsWithOne() {
        Ran ran = printed(new CheckReport(List.of(GOOD, POOR, FALLEN)));
        assertEquals("""
                kernel                    GFLOP/s     GB/s  of bound  expected  verdict
                Pointwise.add                   -     65.0      79 %      60 %  ok
                Gemm.multiply, B packed      40.0      1.5      15 %      60 %  ok
                Softmax.rows                    -      0.1     0.1 %      20 %  FELL OFF
                """, ran.out());
        assertEquals("check: expected every kernel to reach at least 25 % of its usual share, found Softmax.rows at 0.1 % of its bound "
                + "instead of 20 %; run it again on a quiet machine, and if the same fall again look for them in the lines "
                + "\"COMPILE SKIPPED\" of JDK_JAVA_OPTIONS=-XX:+PrintCompilation ./tessella check\n", ran.err());
        assertEquals(1, ran.code());
    }

    @Test
    void whereNoneFallsItEndsWithNought() {
        Ran ran = printed(new CheckReport(List.of(GOOD, POOR)));
        assertEquals(0, ran.code());
        assertEquals("all 2 kernels are within their bounds", ran.lines().getLast());
        assertEquals("", ran.err());
    }

    @Test
    void theCliffIsAQuarterOfTheShare() {
        assertFalse(new CheckReport.Timed("x", 0, 1, 0.05, 0.2).hasFallen());
        assertTrue(new CheckReport.Timed("x", 0, 1, 0.0499, 0.2).hasFallen());
        assertTrue(new CheckReport.Timed("x", 0, 1, Double.NaN, 0.2).hasFallen());
        assertFalse(new CheckReport.Timed("x", 0, 1, 5, 0.2).hasFallen());
        assertEquals(List.of(FALLEN, FALLEN), new CheckReport(List.of(FALLEN, GOOD, FALLEN, POOR)).fallen());
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "float64"})
    void aShortRunEndsWithTheWholeTable(String type) {
        Ran ran = Ran.of("check", "--seconds", "0.05", "--type", type);
        Precision precision = type.equals("float32") ? Precision.SINGLE : Precision.DOUBLE;
        List<String> names = new ArrayList<>();
        try (Kernels kernels = new Kernels(precision, Kernels.WARM_UP)) {
            kernels.all().forEach(kernel -> names.add(kernel.title()));
        }
        List<String> lines = ran.lines();
        int width = lines.getFirst().indexOf("GFLOP/s") - 3;
        assertEquals(names, lines.subList(1, names.size() + 1).stream().map(line -> line.substring(0, width).strip()).toList());
        for (String line : lines.subList(1, names.size() + 1)) {
            assertTrue(line.substring(width).matches(" +([0-9.]+|-) +[0-9.]+ +[0-9.]+ % +[0-9.]+ %  (ok|FELL OFF)"), line);
        }
        // so short a time is not enough for the compiler: it may say either
        if (ran.code() == 0) {
            assertEquals("all " + names.size() + " kernels are within their bounds", lines.getLast());
            assertEquals("", ran.err());
        } else {
            assertEquals(1, ran.code());
            assertTrue(ran.err().startsWith("check: expected every kernel to reach at least 25 %") && ran.err().lines().count() == 1,
                    ran.err());
            assertTrue(lines.stream().anyMatch(line -> line.endsWith("FELL OFF")), ran.out());
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void noPublicKernelIsLeftOut(Precision precision) throws ClassNotFoundException {
        Set<String> missing = new TreeSet<>();
        List<String> titles;
        try (Kernels kernels = new Kernels(precision, Kernels.WARM_UP)) {
            titles = kernels.all().stream().map(Kernel::title).toList();
        }
        assertEquals(titles.size(), Set.copyOf(titles).size());
        String type = precision == Precision.SINGLE ? "Float" : "Double";
        List<String> families = new ArrayList<>(List.of("Pointwise", "Functions", "Reductions", "Norms", "Softmax", "Losses", "Optimizers",
                "Copies", "Gemm", "Attention"));
        if (precision == Precision.SINGLE) {
            families.addAll(List.of("Halves", "HalfGemm"));
        }
        for (String family : families) {
            String ofType = family.startsWith("Hal") ? family : type + family;
            for (Method method : Class.forName("tessella.kernels." + ofType).getDeclaredMethods()) {
                String name = family + "." + method.getName();
                boolean computes = method.getParameterCount() > 0 && method.getParameterTypes()[0].getName().contains("Segment");
                if (Modifier.isPublic(method.getModifiers()) && computes
                        && titles.stream().noneMatch(title -> title.equals(name) || title.startsWith(name + ","))) {
                    missing.add(name);
                }
            }
        }
        // packing is a part of products that pack, or is done once, and accumulating is a part of attention
        assertEquals(precision == Precision.SINGLE ? Set.of("Gemm.packB", "HalfGemm.packB", "Gemm.accumulate")
                : Set.of("Gemm.packB", "Gemm.accumulate"), missing);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void theSameKernelsAreWarmedUpAsAreTimed(Precision precision) {
        try (Kernels brief = new Kernels(precision, Kernels.WARM_UP); Kernels timed = new Kernels(precision, Kernels.TIMED)) {
            assertEquals(timed.all().stream().map(Kernel::title).toList(), brief.all().stream().map(Kernel::title).toList());
            for (int i = 0; i < timed.all().size(); i++) {
                Kernel kernel = timed.all().get(i);
                assertTrue(kernel.bytes() > brief.all().get(i).bytes() && kernel.expected() > 0 && kernel.expected() <= 1, kernel.title());
                assertEquals(kernel.family().endsWith("Gemm") || kernel.family().equals("Attention"), kernel.flop() > 0, kernel.title());
            }
        }
    }

    /** However slow it stays, a kernel is timed a few times only, and the order of the table is that of the kernels. */
    @Test
    void whatLooksSlowIsTimedAgainAFewTimes() {
        AtomicInteger slow = new AtomicInteger();
        AtomicInteger fast = new AtomicInteger();
        List<Kernel> kernels = List.of(new Kernel("A", "slow", 0, 1, 1e9, () -> { }), new Kernel("B", "fast", 1e12, 0, 1e-9, () -> { }));
        List<Kernel> brief = List.of(new Kernel("A", "slow", 0, 1, 1e9, slow::incrementAndGet),
                new Kernel("B", "fast", 1e12, 0, 1e-9, fast::incrementAndGet));
        List<CheckReport.Timed> timed = new KernelTimes(kernels, brief, Precision.SINGLE, 0.2).run();
        assertEquals(List.of("A.slow", "B.fast"), timed.stream().map(CheckReport.Timed::kernel).toList());
        assertTrue(timed.get(0).hasFallen() && timed.get(0).flopRate() == 0 && timed.get(0).byteRate() > 0, timed.toString());
        assertTrue(!timed.get(1).hasFallen() && timed.get(1).flopRate() > 0 && timed.get(1).byteRate() == 0, timed.toString());
        assertTrue(slow.get() > 0 && fast.get() > 0);
    }

    @Test
    void readsItsOptions() {
        assertEquals(new CheckCommand(Precision.SINGLE, 20), CheckCommand.of(CheckCommand.COMMAND.parse(List.of())));
        assertEquals(new CheckCommand(Precision.DOUBLE, 1.5),
                CheckCommand.of(CheckCommand.COMMAND.parse(List.of("--type", "float64", "--seconds", "1.5"))));
        Ran ran = Ran.of("check", "--seconds", "0");
        assertEquals(2, ran.code());
        assertEquals("tessella check: --seconds expects a number from 0.05 to 3600, found \"0\"\n", ran.err());
    }
}

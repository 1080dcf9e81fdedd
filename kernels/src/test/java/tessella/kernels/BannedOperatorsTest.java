package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What would make the bits depend on the compiler, or bring another kind of memory into the kernels, is not in them.
 */
class BannedOperatorsTest {
    private static final String FUNCTIONS
            = "(EXP|EXPM1|LOG|LOG10|LOG1P|POW|CBRT|HYPOT|A?SIN|A?COS|A?TAN|ATAN2|SINH|COSH|TANH)";
    private static final Map<String, Pattern> BANNED = new TreeMap<>(Map.of(
            "a sum or product over lanes, whose order is the compiler's",
            Pattern.compile("reduceLanes(ToLong)?\\s*\\(\\s*(VectorOperators\\s*\\.\\s*)?(ADD|MUL|FIRST_NONZERO)\\b"),
            "a transcendental operator of vectors",
            Pattern.compile("lanewise\\s*\\(\\s*(VectorOperators\\s*\\.\\s*)?" + FUNCTIONS + "\\b"),
            "vector operators without their class name, which would hide from these patterns",
            Pattern.compile("import\\s+static\\s+jdk\\.incubator\\.vector"),
            "an intrinsic function that StrictMath has too",
            Pattern.compile("(?<!Strict)\\bMath\\.(exp|expm1|log|log10|log1p|pow|cbrt|hypot|a?sin|a?cos|a?tan2?|sinh|cosh|tanh)"
                    + "\\b"),
            "unsafe memory access", Pattern.compile("\\bUnsafe\\b"),
            "a segment of other bounds than its owner gave it", Pattern.compile("\\.\\s*reinterpret\\s*\\("),
            "a heap segment", Pattern.compile("MemorySegment\\s*\\.\\s*ofArray|MemorySegment\\s*\\.\\s*ofBuffer"),
            "memory that the kernel takes itself", Pattern.compile("\\bArena\\b|allocateDirect")));

    private static final Pattern RECEIVER = Pattern.compile("^( *)(\\w+) = \\2\\s*\\.\\w+\\(");

    private static List<String> findings(String file, String text) {
        List<String> out = new ArrayList<>();
        BANNED.forEach((why, pattern) -> {
            Matcher matcher = pattern.matcher(text);
            while (matcher.find()) {
                long line = text.substring(0, matcher.start()).lines().count();
                out.add(file + ":" + line + ": " + why + ": " + matcher.group());
            }
        });
        return out;
    }

    private static int scan(Path directory, List<String> findings) throws IOException {
        int files = 0;
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                findings.addAll(findings(path.getFileName().toString(), Files.readString(path)));
                files++;
            }
        }
        return files;
    }

    @Test
    void templatesAndExpandedSourcesHaveNoBannedOperator() throws IOException {
        Path base = Path.of(System.getProperty("basedir", "."));
        List<String> findings = new ArrayList<>();
        int templates = scan(base.resolve("src/main/templates"), findings);
        int expanded = scan(base.resolve("target/generated-sources/kernels"), findings);
        scan(base.resolve("src/main/java"), findings);
        // the one exception, 64 KiB for the life of the process: what it is for stands there
        assertTrue(findings.removeIf(finding -> finding.matches("Aside\\.java:\\d+: memory that the kernel takes itself: Arena")));
        assertEquals(List.of(), findings);
        assertTrue(templates > 8 && expanded >= 2 * (templates - 1), templates + " templates, " + expanded
                + " expanded");
    }

    /**
     * Methods called on a vector that a loop carries: while it parses the loop C2 knows no more than FloatVector of it, and where
     * the profile has no class yet the call stays, with a vector on the heap in each turn. Arguments it checks, and so knows.
     */
    private static List<String> carriedReceivers(String file, String text) {
        List<String> out = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            Matcher call = RECEIVER.matcher(lines.get(i));
            if (!call.find()) {
                continue;
            }
            Pattern declaration = Pattern.compile("Vector(<\\w+>)? " + call.group(2) + " = ");
            int inside = call.group(1).length();
            for (int j = i - 1; j >= 0 && !declaration.matcher(lines.get(j)).find(); j--) {
                int indent = lines.get(j).length() - lines.get(j).stripLeading().length();
                if (indent < inside && lines.get(j).strip().matches("(for|while) \\(.*")) {
                    out.add(file + ":" + (i + 1) + ": " + lines.get(i).strip());
                    break;
                }
            }
        }
        return out;
    }

    @Test
    void noMethodIsCalledOnAVectorThatALoopCarries() throws IOException {
        Path base = Path.of(System.getProperty("basedir", "."));
        List<String> findings = new ArrayList<>();
        int files = 0;
        for (String sources : List.of("src/main/java", "target/generated-sources/kernels")) {
            try (Stream<Path> paths = Files.walk(base.resolve(sources))) {
                for (Path path : paths.filter(Files::isRegularFile).toList()) {
                    findings.addAll(carriedReceivers(path.getFileName().toString(), Files.readString(path)));
                    files++;
                }
            }
        }
        assertEquals(List.of(), findings);
        assertTrue(files > 40, files + " files");
    }

    @Test
    void aCarriedReceiverIsFound() {
        String loop = """
                FloatVector sum = FloatVector.zero(S);
                for (int i = 0; i < n; i += VL) {
                    FloatVector x = load(i);
                    x = x.add(1);
                    CALL
                }
                """;
        assertEquals(List.of("sample:5: sum = sum.add(x);"), carriedReceivers("sample", loop.replace("CALL", "sum = sum.add(x);")));
        for (String good : List.of("sum = x.add(sum);", "sum = x.fma(x, sum);", "sum = ((FloatVector) EXACT.cast(sum)).add(x);")) {
            assertEquals(List.of(), carriedReceivers("sample", loop.replace("CALL", good)));
        }
    }

    @Test
    void thePatternsFindWhatTheyShould() {
        for (String bad : List.of("v.reduceLanes(VectorOperators.ADD)", "v.reduceLanes( VectorOperators.MUL, m)",
                "v.lanewise(VectorOperators.TANH)", "v.lanewise(VectorOperators.EXP, m)",
                "v.lanewise(VectorOperators.SIN)",
                "import static jdk.incubator.vector.VectorOperators.ADD;", "Math.exp(x)", "sun.misc.Unsafe u",
                "s.reinterpret(8)", "MemorySegment.ofArray(a)", "Arena.ofAuto()")) {
            assertEquals(1, findings("sample", bad).size(), bad);
        }
        for (String good : List.of("v.reduceLanes(VectorOperators.MAX)", "v.lanewise(VectorOperators.LSHL, 23)",
                "v.lanewise(VectorOperators.MAX, w)", "StrictMath.log(x)", "Math.sqrt(x)", "v.reinterpretAsInts()")) {
            assertEquals(List.of(), findings("sample", good), good);
        }
    }
}

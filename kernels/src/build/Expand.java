import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Expands kernel templates into straight-line Java, once for float and once for double.
 *
 * <p>C2 stops inlining helper methods inside large vector methods and then boxes every vector; so what a helper would do
 * is written once as a macro and expanded in place. The language, one directive a line:
 * <pre>
 *   ${expr}                   a variable (type, Type, bytes, Bits, bits, LAYOUT, f, cast) or integer arithmetic over loop
 *                             variables
 *   #if[float] #else #end     text for one type only; also integer comparisons, #if[mr &lt;= 6], several with &amp;&amp; between them
 *   #for[r=0..mr-1] #end      the body once for each value
 *   #macro name(a, b) #end    a macro; &#64;name(x, y) expands it, inside a line when its body is a single line
 *   #method[join] #end        a method with one #strip[i, n] #end in it, as two methods: the first runs the strip for the
 *                             whole vectors of i in [0, n), the second, named ..Rest, once under a mask for what is left;
 *                             $m is empty in the first and ", m" in the second. join is void, add, max or min: what
 *                             the first does with the result of the second
 *                             $lanes and $part are for a store alone: its vector taken as shorts, or under a mask as ${bits},
 *                             and that mask (docs/architecture.md, "Vectors are stored as shorts")
 *   #rest[i, n] #end          the second half alone
 *   #include file             macros shared by several templates
 * </pre>
 * A family TypeX gives FloatX and DoubleX (only one of them if #if[float] or #if[double] is around all of it), and XKernels: its public methods with
 * the {@code Precision} to choose by in front, numbers as double. Methods that take heap arrays have no such twin.
 *
 * <p>Usage: {@code java Expand.java TEMPLATES_DIR OUTPUT_DIR}. A file is rewritten only when its text changes.
 */
final class Expand {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]+)}");
    private static final Pattern MASK = Pattern.compile("\\$m\\b");
    private static final Pattern PART = Pattern.compile("\\$part\\b");
    private static final Pattern LANES = Pattern.compile("\\$lanes\\b");
    private static final Pattern CALL = Pattern.compile("@([a-z][A-Za-z0-9]*)\\(");

    private static final Pattern METHOD = Pattern.compile(
            "\n *(/\\*\\*(?:(?!\\*/).)*\\*/)\\s+public static (\\w+) (\\w+)\\(([^)]*)\\) \\{", Pattern.DOTALL);

    private record Macro(List<String> parameters, List<String> body) {}

    private final Path directory;
    private final String type;
    private final Map<String, Macro> macros = new HashMap<>();

    private Expand(Path directory, String type) {
        this.directory = directory;
        this.type = type;
    }

    public static void main(String[] args) throws IOException {
        Path templates = Path.of(args[0]);
        Path output = Path.of(args[1]);
        List<Path> files;
        try (Stream<Path> walk = Files.walk(templates)) {
            files = walk.filter(f -> f.toString().endsWith(".java.template")).sorted().toList();
        }
        for (Path file : files) {
            String family = file.getFileName().toString().replace("Type", "").replace(".java.template", "");
            Path folder = output.resolve(templates.relativize(file.getParent()));
            String floats = new Expand(file.getParent(), "float").file(file);
            String doubles = new Expand(file.getParent(), "double").file(file);
            if (floats.contains("class ")) {
                write(folder.resolve("Float" + family + ".java"), floats);
            }
            if (doubles.contains("class ")) {
                write(folder.resolve("Double" + family + ".java"), doubles);
            }
            String dispatch = dispatch(family, floats, doubles);
            if (dispatch != null) {
                write(folder.resolve(family + "Kernels.java"), dispatch);
            }
        }
    }

    private static void write(Path target, String text) throws IOException {
        Files.createDirectories(target.getParent());
        if (!Files.exists(target) || !Files.readString(target).equals(text)) {
            Files.writeString(target, text);
        }
    }

    /** The class that chooses between the two expansions of a family, or null when no method can be chosen so. */
    private static String dispatch(String family, String floats, String doubles) {
        Matcher single = METHOD.matcher(floats);
        Matcher twice = METHOD.matcher(doubles);
        StringBuilder methods = new StringBuilder();
        while (single.find() && twice.find()) {
            if (single.group(4).contains("float[]")) {
                continue;
            }
            List<String> own = arguments(single.group(4));
            List<String> other = arguments(twice.group(4));
            List<String> head = new ArrayList<>(List.of("Precision precision"));
            List<String> floatCall = new ArrayList<>();
            List<String> doubleCall = new ArrayList<>();
            for (int i = 0; i < own.size(); i++) {
                String name = other.get(i).replaceAll(".* ", "");
                head.add(other.get(i));
                floatCall.add((own.get(i).equals(other.get(i)) ? "" : "(float) ") + name);
                doubleCall.add(name);
            }
            boolean yields = !single.group(2).equals("void");
            methods.append("""

                        DOC
                        public static RESULT NAME(HEAD) {
                            RETURNswitch (precision) {
                                case SINGLE -> Float%1$s.NAME(SINGLE);
                                case DOUBLE -> Double%1$s.NAME(DOUBLE);
                            }END
                        }
                    """.formatted(family).replace("DOC", single.group(1).replaceAll("\n +", "\n     "))
                    .replace("RESULT", twice.group(2)).replace("NAME", single.group(3)).replace("HEAD", String.join(", ", head))
                    .replace("RETURN", yields ? "return " : "").replace("END", yields ? ";" : "")
                    .replace("(SINGLE)", "(" + String.join(", ", floatCall) + ")")
                    .replace("(DOUBLE)", "(" + String.join(", ", doubleCall) + ")"));
        }
        return methods.isEmpty() ? null : """
                // Expanded from TypeFAMILY.java.template: edit the template, not this file.
                package tessella.kernels;

                import java.lang.foreign.MemorySegment;

                /** The kernels of {@link FloatFAMILY} and {@link DoubleFAMILY}, chosen by precision. */
                public final class FAMILYKernels {
                    private FAMILYKernels() {}
                """.replace("FAMILY", family) + methods + "}\n";
    }

    private String file(Path file) throws IOException {
        Map<String, String> variables = new HashMap<>();
        boolean single = type.equals("float");
        variables.put("type", type);
        variables.put("Type", single ? "Float" : "Double");
        variables.put("LAYOUT", single ? "FLOAT" : "DOUBLE");
        variables.put("f", single ? "f" : "");
        variables.put("cast", single ? "(float) " : "");
        variables.put("KC", single ? "1024" : "512");
        variables.put("bytes", single ? "4" : "8");
        variables.put("Boxed", single ? "Integer" : "Long");
        variables.put("Bits", single ? "Int" : "Long");
        variables.put("bits", single ? "int" : "long");
        List<String> out = new ArrayList<>();
        out.add("// Expanded from " + file.getFileName() + " for " + type + ": edit the template, not this file.");
        block(Files.readAllLines(file), variables, out);
        return String.join("\n", out) + "\n";
    }

    /** Expands lines into out; variables holds the type words and the loop counters. */
    private void block(List<String> lines, Map<String, String> variables, List<String> out) throws IOException {
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at);
            String word = line.strip();
            if (word.startsWith("#include ")) {
                block(Files.readAllLines(directory.resolve(word.substring(9).strip())), variables, out);
            } else if (word.startsWith("#macro ")) {
                int end = end(lines, at);
                String head = word.substring(7);
                List<String> parameters = arguments(head.substring(head.indexOf('(') + 1, head.lastIndexOf(')')));
                macros.put(head.substring(0, head.indexOf('(')).strip(), new Macro(parameters, lines.subList(at + 1, end)));
                at = end;
            } else if (word.startsWith("#if[")) {
                int end = end(lines, at);
                int middle = otherwise(lines, at, end);
                if (holds(bracket(word), variables)) {
                    block(lines.subList(at + 1, middle), variables, out);
                } else if (middle < end) {
                    block(lines.subList(middle + 1, end), variables, out);
                }
                at = end;
            } else if (word.startsWith("#for[")) {
                int end = end(lines, at);
                String[] head = bracket(word).split("=|\\.\\.");
                Map<String, String> inner = new HashMap<>(variables);
                for (long v = number(head[1], variables), last = number(head[2], variables); v <= last; v++) {
                    inner.put(head[0].strip(), Long.toString(v));
                    block(lines.subList(at + 1, end), inner, out);
                }
                at = end;
            } else if (word.startsWith("#rest[")) {
                int end = end(lines, at);
                List<String> head = arguments(bracket(word));
                rest(line.substring(0, line.indexOf('#')), head.get(0), head.get(1), lines.subList(at + 1, end), variables, out);
                at = end;
            } else if (word.startsWith("#method[")) {
                int end = end(lines, at);
                method(bracket(word), lines.subList(at + 1, end), variables, out);
                at = end;
            } else {
                line(substitute(line, variables), variables, out);
            }
        }
    }

    /**
     * Two small methods instead of one: C1 gives up on a method with many segment accesses, which can then stay in slow
     * code for ever, and a masked access counts double.
     */
    private void method(String join, List<String> lines, Map<String, String> variables, List<String> out)
            throws IOException {
        int open = 0;
        while (!lines.get(open).endsWith("{")) {
            open++;
        }
        String header = substitute(String.join(" ", lines.subList(0, open + 1).stream().map(String::strip)
                .filter(l -> !l.startsWith("*") && !l.startsWith("/*")).toList()), variables);
        String name = header.substring(0, header.indexOf('(')).replaceAll(".* ", "");
        String passed = Stream.of(header.substring(header.indexOf('(') + 1, header.lastIndexOf(')')).split(","))
                .map(parameter -> parameter.strip().replaceAll(".* ", "")).collect(Collectors.joining(", "));
        int strip = open;
        while (!lines.get(strip).strip().startsWith("#strip[")) {
            strip++;
        }
        List<String> head = arguments(bracket(lines.get(strip)));
        int stripEnd = end(lines, strip);
        List<String> body = lines.subList(strip + 1, stripEnd).stream().map(l -> "    " + l).toList();
        String i = head.get(0);
        String n = head.get(1);
        String pad = lines.get(strip).substring(0, lines.get(strip).indexOf('#'));
        String call = name + "Rest(" + passed + ")";

        block(lines.subList(0, strip), masked(variables, ""), out);
        block(List.of(pad + "for (int " + i + " = 0, whole = S.loopBound(" + n + "); " + i + " < whole; " + i + " += VL) {"),
                variables, out);
        block(body, masked(variables, ""), out);
        out.add(pad + "}");
        for (String line : lines.subList(stripEnd + 1, lines.size() - 1)) {
            String whole = line.strip();
            if (!whole.startsWith("return ")) {
                block(List.of(line), masked(variables, ""), out);
                continue;
            }
            String value = whole.substring(7, whole.length() - 1);
            String joined = join.equals("add") ? value + " + " + call : "Math." + join + "(" + value + ", " + call + ")";
            out.add("        return S.loopBound(" + n + ") == " + n + " ? " + value + " : " + joined + ";");
        }
        if (join.equals("void")) {
            out.add("        if (S.loopBound(" + n + ") < " + n + ") {");
            out.add("            " + call + ";");
            out.add("        }");
        }
        out.add("    }");
        out.add("");
        block(List.of("    " + header.replace("public ", "private ").replace(name + "(", name + "Rest(")), variables, out);
        block(lines.subList(open + 1, strip), masked(variables, ", m"), out);
        rest(pad, i, n, lines.subList(strip + 1, stripEnd), variables, out);
        block(lines.subList(stripEnd + 1, lines.size()), masked(variables, ", m"), out);
    }

    /** The body once, for what loopBound leaves of n, under masks: m, and part, the same for what it stores. */
    private void rest(String pad, String i, String n, List<String> body, Map<String, String> variables, List<String> out)
            throws IOException {
        List<String> inside = new ArrayList<>();
        block(body.stream().map(l -> "    " + l).toList(), masked(variables, ", m"), inside);
        List<String> head = new ArrayList<>(List.of(pad + "{", pad + "    int " + i + " = S.loopBound(" + n + ");",
                pad + "    VectorMask<${Type}> m = S.indexInRange(" + i + ", " + n + ");"));
        if (inside.stream().anyMatch(l -> l.contains("ORDER, part"))) {
            head.add(pad + "    VectorMask<${Boxed}> part = BITS.indexInRange(" + i + ", " + n + ");");
        }
        block(head, variables, out);
        out.addAll(inside);
        out.add(pad + "}");
    }

    private static Map<String, String> masked(Map<String, String> variables, String mask) {
        Map<String, String> inner = new HashMap<>(variables);
        inner.put("mask", mask);
        return inner;
    }

    /** Expands the macro calls of one line; a call of a many-line macro must be the whole line. */
    private void line(String line, Map<String, String> variables, List<String> out) throws IOException {
        Matcher call = CALL.matcher(line);
        if (!call.find() || line.strip().startsWith("*") || line.strip().startsWith("/*")) {
            out.add(line);
            return;
        }
        Macro macro = macros.get(call.group(1));
        if (macro == null) {
            throw new IllegalArgumentException("no macro " + call.group(1) + " for: " + line);
        }
        int close = close(line, call.end());
        List<String> arguments = arguments(line.substring(call.end(), close));
        List<String> body = new ArrayList<>();
        for (String text : macro.body()) {
            // longest names first, so that $xo is not read as $x followed by o
            for (String parameter : macro.parameters().stream().sorted((a, b) -> b.length() - a.length()).toList()) {
                text = text.replace("$" + parameter, arguments.get(macro.parameters().indexOf(parameter)));
            }
            body.add(text);
        }
        if (body.size() == 1) {
            String text = substitute(body.get(0).strip(), variables);
            line(line.substring(0, call.start()) + text + line.substring(close + 1), variables, out);
        } else {
            String pad = line.substring(0, call.start());
            block(body.stream().map(l -> pad + l).toList(), variables, out);
        }
    }

    private static int end(List<String> lines, int at) {
        int depth = 0;
        for (int i = at; i < lines.size(); i++) {
            String word = lines.get(i).strip();
            if (word.startsWith("#if[") || word.startsWith("#for[") || word.startsWith("#macro ")
                    || word.startsWith("#method[") || word.startsWith("#strip[") || word.startsWith("#rest[")) {
                depth++;
            } else if (word.equals("#end") && --depth == 0) {
                return i;
            }
        }
        throw new IllegalArgumentException("no #end for line " + (at + 1) + ": " + lines.get(at));
    }

    private static int otherwise(List<String> lines, int at, int end) {
        Deque<String> open = new ArrayDeque<>();
        for (int i = at; i < end; i++) {
            String word = lines.get(i).strip();
            if (word.startsWith("#if[") || word.startsWith("#for[") || word.startsWith("#strip[")) {
                open.push(word);
            } else if (word.equals("#end")) {
                open.pop();
            } else if (word.equals("#else") && open.size() == 1) {
                return i;
            }
        }
        return end;
    }

    private boolean holds(String condition, Map<String, String> variables) {
        int and = condition.indexOf("&&");
        if (and >= 0) {
            return holds(condition.substring(0, and).strip(), variables) && holds(condition.substring(and + 2).strip(), variables);
        }
        if (condition.equals("float") || condition.equals("double")) {
            return condition.equals(type);
        }
        String[] sides = condition.split("<=|==");
        int order = Long.compare(number(sides[0], variables), number(sides[1], variables));
        return order == 0 || order < 0 && condition.contains("<=");
    }

    private static String bracket(String word) {
        return word.substring(word.indexOf('[') + 1, word.lastIndexOf(']'));
    }

    private static int close(String line, int from) {
        int depth = 1;
        for (int i = from; i < line.length(); i++) {
            char c = line.charAt(i);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw new IllegalArgumentException("no closing parenthesis: " + line);
    }

    private static List<String> arguments(String text) {
        List<String> out = new ArrayList<>();
        if (text.isBlank()) {
            return out;
        }
        int depth = 0;
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? ',' : text.charAt(i);
            depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
            if (c == ',' && (depth == 0 || i == text.length())) {
                out.add(text.substring(from, i).strip());
                from = i + 1;
            }
        }
        return out;
    }

    private static String substitute(String line, Map<String, String> variables) {
        String mask = variables.getOrDefault("mask", "");
        String stored = PART.matcher(line).replaceAll(mask.isEmpty() ? "" : ", part");
        String plain = LANES.matcher(stored).replaceAll(mask.isEmpty() ? "reinterpretAsShorts()" : "reinterpretAs\\${Bits}s()");
        Matcher matcher = VARIABLE.matcher(MASK.matcher(plain).replaceAll(mask));
        StringBuilder out = new StringBuilder();
        while (matcher.find()) {
            String name = matcher.group(1);
            String value = variables.containsKey(name) ? variables.get(name) : Long.toString(number(name, variables));
            matcher.appendReplacement(out, Matcher.quoteReplacement(value));
        }
        return matcher.appendTail(out).toString();
    }

    /** Sums and products of integers and loop variables, no parentheses: enough for offsets such as {@code r*2+1}. */
    private static long number(String expression, Map<String, String> variables) {
        long sum = 0;
        for (String term : expression.replace(" ", "").replace("-", "+-").split("\\+")) {
            if (term.isEmpty()) {
                continue;
            }
            boolean negative = term.startsWith("-");
            long product = 1;
            for (String factor : (negative ? term.substring(1) : term).split("\\*")) {
                product *= Long.parseLong(variables.getOrDefault(factor, factor));
            }
            sum += negative ? -product : product;
        }
        return sum;
    }
}

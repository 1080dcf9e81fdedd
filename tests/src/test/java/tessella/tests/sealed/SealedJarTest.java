package tessella.tests.sealed;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The one JAR as its users have it: alone, and on the module path of a Java without any option. */
class SealedJarTest {

    private static final Path JAR = Path.of(System.getProperty("tessella.jar"));
    private static final Set<String> HIDDEN = Set.of("tessella.kernels", "tessella.engine.json", "tessella.models.cli");

    @Test
    void runsOnTheModulePathWithoutAnOption(@TempDir Path folder) throws Exception {
        Child child = java(folder, "-p", JAR.toString(), "-m", "tessella", "--help");
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().contains("train"), child.out());
        assertEquals("", child.errors());
    }

    @Test
    void runsAsAnOrdinaryJarToo(@TempDir Path folder) throws Exception {
        Child child = java(folder, "-jar", JAR.toString(), "--help");
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().contains("train"), child.out());
    }

    @Test
    void servesAProgramThatWasCompiledAgainstItAlone(@TempDir Path folder) throws Exception {
        Path classes = embed(folder);
        Child child = java(folder, "-p", JAR + ":" + classes, "-m", "embedding/embedding.Embedding");
        assertEquals(0, child.exit(), child.err());
        assertEquals("""
                [2, 2]
                1.0 2.0 3.0 4.0 times itself: 7.0 10.0 15.0 22.0
                gradient of the sum: 7.0 11.0 9.0 13.0
                left: 0 bytes
                """, child.out());
        assertEquals("", child.errors());
    }

    @Test
    void servesAProgramOnTheClassPathWhenTheModuleIsNamed(@TempDir Path folder) throws Exception {
        Path classes = embed(folder);
        Child child = java(folder, "--add-modules", "jdk.incubator.vector", "-cp", JAR + ":" + classes,
                "embedding.Embedding");
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().endsWith("left: 0 bytes\n"), child.out());
    }

    @Test
    void requiresWhatItsClassesUseAndNothingElse() throws IOException {
        Set<String> expected = Set.of("java.base", "jdk.incubator.vector", "jdk.jfr", "jdk.management", "static java.desktop",
                "static jdk.httpserver");
        assertEquals(expected, descriptor().requires().stream().map(SealedJarTest::written).collect(toSet()));

        ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
        StringWriter out = new StringWriter();
        jdeps.run(new PrintWriter(out), new PrintWriter(out), "--add-modules", "java.desktop,jdk.httpserver", "-summary",
                JAR.toString());
        Set<String> used = out.toString().lines()
                .filter(line -> line.startsWith("tessella -> "))
                .map(line -> line.substring("tessella -> ".length()).strip())
                .collect(toSet());
        // the library reads its memory limits through jdk.management, which brings java.management
        assertEquals(Set.of("java.base", "jdk.incubator.vector", "jdk.jfr", "java.management", "jdk.management", "java.desktop",
                "jdk.httpserver"),
                used, out.toString());
    }

    @Test
    void exportsEveryPackageButTheHiddenOnes() throws IOException {
        ModuleDescriptor descriptor = descriptor();
        assertEquals("tessella.models.cli.Main", descriptor.mainClass().orElseThrow());
        assertTrue(descriptor.packages().containsAll(HIDDEN), descriptor.packages().toString());
        assertTrue(descriptor.exports().stream().noneMatch(Exports::isQualified));
        Set<String> visible = new TreeSet<>(descriptor.packages());
        visible.removeAll(HIDDEN);
        assertEquals(visible, new TreeSet<>(descriptor.exports().stream().map(Exports::source).toList()));
        assertEquals(Set.of(), descriptor.opens());
    }

    /** Else a user could not write down what a method takes or gives. */
    @Test
    void namesNoHiddenTypeInItsPublicSignatures() throws Exception {
        Set<String> found = new TreeSet<>();
        for (Class<?> type : publicTypes()) {
            Stream.of(type.getDeclaredFields(), type.getDeclaredMethods(), type.getDeclaredConstructors())
                    .<Member>flatMap(Stream::of)
                    .filter(member -> !member.isSynthetic() && isApi(member.getModifiers()))
                    .filter(member -> named(member).anyMatch(SealedJarTest::isHidden))
                    .forEach(member -> found.add(member.toString()));
        }
        assertEquals(Set.of(), found);
    }

    @Test
    void holdsOurClassesTheLicenceAndNothingElse() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            List<String> strangers = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> !name.endsWith("/") && !name.startsWith("tessella/"))
                    .sorted()
                    .toList();
            assertEquals(List.of("META-INF/LICENSE", "META-INF/MANIFEST.MF", "module-info.class"), strangers);
            // nothing that differs from one machine to the next
            assertEquals(Set.of("Manifest-Version", "Created-By", "Main-Class"),
                    jar.getManifest().getMainAttributes().keySet().stream().map(Object::toString).collect(toSet()));
        }
    }

    @Test
    void isPublishedWithoutDependencies() throws Exception {
        Path pom = JAR.resolveSibling("dependency-reduced-pom.xml");
        NodeList found = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile())
                .getElementsByTagName("dependency");
        assertEquals(List.of(), IntStream.range(0, found.getLength()).mapToObj(found::item).map(Node::getTextContent)
                .toList());
    }

    /** Compiles a small user's program; gives its classes. */
    private static Path embed(Path folder) throws IOException {
        return UserProgram.compile(JAR, folder, "Embedding", """
                package embedding;

                import java.util.stream.Collectors;
                import java.util.stream.IntStream;
                import tessella.autodiff.LinearAlgebra;
                import tessella.autodiff.Reductions;
                import tessella.autodiff.Tape;
                import tessella.autodiff.Tensor;
                import tessella.engine.Memory;
                import tessella.engine.Scope;
                import tessella.engine.Shape;

                public final class Embedding {
                    public static void main(String[] arguments) {
                        try (Scope scope = Scope.open()) {
                            Tensor x = Tensor.of(scope, Shape.of(2, 2), new float[] {1, 2, 3, 4});
                            Tensor y = LinearAlgebra.matmul(x, x);
                            System.out.println(y.shape());
                            System.out.println(text(x.toFloats()) + " times itself: " + text(y.toFloats()));
                        }
                        try (Scope scope = Scope.open(); Tape tape = Tape.record()) {
                            Tensor x = tape.watch(Tensor.of(scope, Shape.of(2, 2), new float[] {1, 2, 3, 4}));
                            Tensor loss = Reductions.sum(LinearAlgebra.matmul(x, x));
                            System.out.println("gradient of the sum: " + text(tape.gradients(loss).of(x).toFloats()));
                        }
                        System.out.println("left: " + Memory.inUse() + " bytes");
                    }

                    private static String text(float[] values) {
                        return IntStream.range(0, values.length).mapToObj(i -> Float.toString(values[i]))
                                .collect(Collectors.joining(" "));
                    }
                }
                """);
    }

    private static Child java(Path folder, String... arguments) throws IOException, InterruptedException {
        return Child.run(folder, Map.of(), Stream.concat(Stream.of(Child.java()), Stream.of(arguments)).toList());
    }

    private static ModuleDescriptor descriptor() {
        return ModuleFinder.of(JAR).find("tessella").orElseThrow().descriptor();
    }

    private static String written(Requires requires) {
        return (requires.modifiers().contains(Requires.Modifier.STATIC) ? "static " : "")
                + (requires.modifiers().contains(Requires.Modifier.TRANSITIVE) ? "transitive " : "") + requires.name();
    }

    private static List<Class<?>> publicTypes() throws Exception {
        List<Class<?>> types = new ArrayList<>();
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (JarEntry entry : jar.stream().toList()) {
                String name = entry.getName();
                if (name.startsWith("tessella/") && name.endsWith(".class")) {
                    String binary = name.substring(0, name.length() - ".class".length()).replace('/', '.');
                    types.add(Class.forName(binary, false, SealedJarTest.class.getClassLoader()));
                }
            }
        }
        types.removeIf(SealedJarTest::isHidden);
        return types;
    }

    /** The types that a field, method or constructor names. */
    private static Stream<Class<?>> named(Member member) {
        return switch (member) {
            case Field field -> Stream.of(field.getType());
            case Method method -> Stream.concat(Stream.of(method.getReturnType()), parameters(method));
            case Executable executable -> parameters(executable);
            default -> throw new AssertionError("neither a field nor code: " + member);
        };
    }

    private static Stream<Class<?>> parameters(Executable executable) {
        return Stream.concat(Stream.of(executable.getParameterTypes()), Stream.of(executable.getExceptionTypes()));
    }

    /** Whether a user of the module cannot name a type: its package is hidden, it is not public, or one around it. */
    private static boolean isHidden(Class<?> type) {
        if (type.isArray()) {
            return isHidden(type.componentType());
        }
        return HIDDEN.contains(type.getPackageName()) || !type.isPrimitive() && !isApi(type.getModifiers())
                || type.getEnclosingClass() != null && isHidden(type.getEnclosingClass());
    }

    private static boolean isApi(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }
}

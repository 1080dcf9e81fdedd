package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code ./tessella}, copied into a checkout of its own where the usual places of JDKs are empty, with a
 * PATH of nothing but what it needs.
 */
class LauncherTest {

    private static final Path HOME = Path.of(System.getProperty("tessella.home"));
    private static final Path JAR = Path.of(System.getProperty("tessella.jar"));

    @TempDir
    private Path folder;

    private Path checkout;
    private Path launcher;
    private Path bin;
    private Path jar;
    private Path archive;

    @BeforeEach
    void makeCheckout() throws IOException {
        checkout = Files.createDirectories(folder.resolve("the checkout"));
        bin = Files.createDirectories(folder.resolve("bin"));
        for (String tool : List.of("sed", "find", "dirname", "readlink")) {
            script(bin.resolve(tool), "#!/bin/sh\nexec " + onPath(tool) + " \"$@\"\n");
        }
        String nowhere = folder.resolve("nowhere").toString();
        launcher = script(checkout.resolve("tessella"), Files.readString(HOME.resolve("tessella"))
                .replaceAll("(?<= )(?=/usr/lib/jvm/|/opt/|/Library/|/usr/local/)", nowhere)
                .replace("/usr/libexec", nowhere));
        jar = checkout.resolve("models/jar/target").resolve(JAR.getFileName());
        archive = jar.resolveSibling(jar.getFileName().toString().replace(".jar", ".jsa"));
        Files.createDirectories(jar.getParent());
        Files.writeString(jar, "");
    }

    @Test
    void saysWhatToInstallWithoutJdk25() throws Exception {
        Child child = launch(List.of());
        assertEquals(2, child.exit());
        assertEquals("", child.out());
        assertEquals("tessella: needs a JDK 25, and there is none in JAVA_HOME, on the PATH or in the usual places: "
                + "install one, such as Eclipse Temurin 25.\n", child.err());
    }

    @Test
    void refusesAnOlderAndANewerJdk() throws Exception {
        for (String version : List.of("17.0.15", "24.0.2", "26", "2.5", "250.0.1")) {
            fakeJava(bin.resolve("java"), version);
            assertEquals(2, launch(List.of()).exit(), version);
        }
    }

    @Test
    void warnsOnceBelow25_0_3() throws Exception {
        for (String version : List.of("25", "25-ea", "25.0.1", "25.0.2", "25.0.2.1")) {
            fakeJava(bin.resolve("java"), version);
            Child child = launch(List.of());
            assertEquals(0, child.exit(), version);
            assertEquals("tessella: warning: the garbage collector of JDK " + version
                    + " can move memory that is in use: please update to 25.0.3 or later.\n", child.err());
        }
        for (String version : List.of("25.0.3", "25.0.10", "25.0.20", "25.1")) {
            fakeJava(bin.resolve("java"), version);
            assertEquals("", launch(List.of()).err(), version);
        }
    }

    @Test
    void findsTheJdkInItsUsualPlaces() throws Exception {
        for (String place : List.of("nowhere/usr/lib/jvm/jdk-25", "nowhere/opt/jdk", "home/.sdkman/candidates/java/25",
                "home/.jdks/temurin-25", "nowhere/Library/Java/JavaVirtualMachines/25/Contents/Home")) {
            Path java = folder.resolve(place).resolve("bin/java");
            fakeJava(java, "25.0.3");
            Child child = launch(List.of());
            assertEquals(0, child.exit(), place + ": " + child.err());
            assertTrue(child.out().startsWith(java + " "), place + ": " + child.out());
            Files.delete(java);
        }
    }

    @Test
    void prefersJavaHomeAndPassesItsArgumentsOn() throws Exception {
        fakeJava(bin.resolve("java"), "25.0.3");
        Path java = folder.resolve("a jdk/bin/java");
        fakeJava(java, "25.0.4");
        Map<String, String> environment = Map.of("PATH", bin.toString(), "HOME", folder.resolve("home").toString(),
                "JAVA_HOME", folder.resolve("a jdk").toString());
        Child child = Child.run(folder, environment, List.of("/bin/sh", launcher.toString(), "a", "b  c", ""));
        assertEquals(String.join(" ", java.toString(), "[-XX:+UseSerialGC]",
                "[-XX:CompileCommandFile=" + checkout + "/models/jar/compiler.commands]", "[-Dtessella.home=" + checkout + "]", "[-p]",
                "[" + jar + "]", "[-m]", "[tessella]", "[a]", "[b  c]", "[]") + "\n", child.out());
    }

    @Test
    void theArchiveOfClassesIsUsedWhereThereIsOne() throws Exception {
        fakeJava(bin.resolve("java"), "25.0.3");
        assertFalse(launch(List.of()).out().contains("SharedArchiveFile"));
        Files.writeString(archive, "");
        assertTrue(launch(List.of()).out().contains("[-XX:SharedArchiveFile=" + archive + "] [-Xlog:cds=off,aot=off] [-XX:CompileCommandFile="));
    }

    @Test
    void anArchiveThatCannotBeUsedIsTakenForNoneSilently() throws Exception {
        Files.copy(JAR, jar, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(archive, "no archive");
        Map<String, String> environment = Map.of("PATH", bin + ":/usr/bin:/bin", "HOME", folder.toString(),
                "JAVA_HOME", System.getProperty("java.home"));
        Child child = Child.run(folder, environment, List.of("/bin/sh", launcher.toString(), "--help"));
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().startsWith("Usage:"), child.out());
        assertEquals("", child.errors().replaceAll("tessella: warning: .*\n", ""));
    }

    @Test
    void aSecondOptimisingCompilerThreadOnTwoCoresOnly() throws Exception {
        fakeJava(bin.resolve("java"), "25.0.3");
        script(bin.resolve("getconf"), "#!/bin/sh\necho 2");
        assertTrue(launch(List.of()).out().contains("[-XX:+UseSerialGC] [-XX:CICompilerCount=3]"));
        script(bin.resolve("getconf"), "#!/bin/sh\necho 16");
        assertFalse(launch(List.of()).out().contains("CICompilerCount"));
    }

    @Test
    void theCompilerUnderstandsItsCommands() throws Exception {
        Path commands = HOME.resolve("models/jar/compiler.commands");
        assertTrue(Files.readString(commands).contains("tessella.kernels."));
        Child child = Child.run(folder, Map.of(), List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:CompileCommandFile=" + commands, "-version"));
        assertEquals(0, child.exit(), child.err());
        // it tells what it does not understand, and what it does unless the file begins with "quiet"
        assertEquals("", child.out());
    }

    @Test
    void theCollectorOfTheUserIsKept() throws Exception {
        fakeJava(bin.resolve("java"), "25.0.3");
        for (String name : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")) {
            Map<String, String> environment = Map.of("PATH", bin.toString(), "HOME", folder.resolve("home").toString(),
                    name, "-Xmx1g -XX:+UseZGC");
            Child child = Child.run(folder, environment, List.of("/bin/sh", launcher.toString()));
            assertEquals(0, child.exit(), child.err());
            assertFalse(child.out().contains("GC]"), child.out());
        }
    }

    @Test
    void buildsOnlyWhatIsMissingOrOld() throws Exception {
        fakeJava(bin.resolve("java"), "25.0.3");
        Path source = checkout.resolve("kernels/src/main/A.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, "");
        Instant now = Instant.now();
        for (Path path = source; !path.equals(checkout); path = path.getParent()) {
            Files.setLastModifiedTime(path, FileTime.from(now.minusSeconds(60)));
        }
        Files.setLastModifiedTime(jar, FileTime.from(now.minusSeconds(30)));
        assertEquals("", launch(List.of()).err(), "the JAR is newer than the sources");

        Files.setLastModifiedTime(source, FileTime.from(now));
        Child withoutMaven = launch(List.of());
        assertEquals(2, withoutMaven.exit());
        assertEquals("tessella: must be built, and there is no mvn on the PATH: install Maven 3.8 or later.\n",
                withoutMaven.err());

        script(bin.resolve("mvn"), "#!/bin/sh\necho \"mvn in $PWD: $*\"\n: >models/jar/target/" + jar.getFileName());
        Child built = launch(List.of());
        assertAll(
                () -> assertEquals(0, built.exit()),
                () -> assertTrue(built.err().contains("mvn in " + checkout + ": "), built.err()),
                () -> assertTrue(built.err().contains(" package -pl models/jar -am"), built.err()),
                () -> assertTrue(built.out().contains("[tessella]") && !built.out().contains("mvn"), built.out()),
                () -> assertEquals("", launch(List.of()).err(), "once built, it is not built again"));

        Files.delete(jar);
        script(bin.resolve("mvn"), "#!/bin/sh\nexit 1");
        Child failed = launch(List.of());
        assertEquals(2, failed.exit());
        assertTrue(failed.err().endsWith("tessella: the build failed, see above.\n"), failed.err());
    }

    @Test
    void runsFromAnyFolderThroughSymbolicLinks() throws Exception {
        Files.copy(JAR, jar, StandardCopyOption.REPLACE_EXISTING);
        Path elsewhere = Files.createDirectories(folder.resolve("some where"));
        Files.createSymbolicLink(elsewhere.resolve("first link"), Path.of("../the checkout/tessella"));
        Files.createSymbolicLink(elsewhere.resolve("second link"), elsewhere.resolve("first link"));
        Child child = Child.run(elsewhere, Map.of("PATH", bin + ":/usr/bin:/bin", "HOME", folder.toString(),
                "JAVA_HOME", System.getProperty("java.home")), List.of("./second link", "--help"));
        assertEquals(0, child.exit(), child.err());
        assertTrue(child.out().contains("train"), child.out());
        assertEquals("", child.errors().replaceAll("tessella: warning: .*\n", ""));
    }

    private Child launch(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = Stream.concat(Stream.of("/bin/sh", launcher.toString()), arguments.stream()).toList();
        return Child.run(folder, Map.of("PATH", bin.toString(), "HOME", folder.resolve("home").toString()), command);
    }

    /** A {@code java} that tells its version and, asked to run something, prints itself and each of its arguments. */
    private static void fakeJava(Path file, String version) throws IOException {
        Files.createDirectories(file.getParent());
        script(file, """
                #!/bin/sh
                if [ "$1" = -XshowSettings:properties ]; then
                    echo "    java.home = ${0%%/bin/java}" >&2
                    echo "    java.version = %s" >&2
                    exit 0
                fi
                printf %%s "$0"
                for argument in "$@"; do printf ' [%%s]' "$argument"; done
                echo
                """.formatted(version));
    }

    private static Path script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path onPath(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + tool + " on the PATH"));
    }
}

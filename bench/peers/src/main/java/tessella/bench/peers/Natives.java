package tessella.bench.peers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** Native libraries of bytedeco, unpacked from their JARs on the class path. */
final class Natives {
    private Natives() {}

    /**
     * The folder with all files of a library, unpacked once, beside our classes.
     *
     * @param library "mkl" or "openblas"
     * @throws IllegalStateException if its JAR is not on the class path
     */
    static Path folder(String library) {
        String inside = "org/bytedeco/" + library + "/linux-x86_64/";
        URL url = Natives.class.getClassLoader().getResource(inside);
        if (url == null) {
            throw new IllegalStateException(library + ": expected " + inside + " on the class path, found none; build with "
                    + "-Ppeers");
        }
        try {
            JarFile jar = ((JarURLConnection) url.openConnection()).getJarFile();
            String name = Path.of(jar.getName()).getFileName().toString().replaceFirst("\\.jar$", "");
            Path all = all();
            Path folder = all.resolve(name);
            if (!Files.isDirectory(folder)) {
                Path fresh = Files.createTempDirectory(all, name);
                unpack(jar, inside, fresh);
                Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder that libraries are unpacked to. */
    static Path all() {
        try {
            return Files.createDirectories(target().resolve("natives"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void unpack(JarFile jar, String inside, Path folder) throws IOException {
        List<JarEntry> libraries = jar.stream().filter(entry -> entry.getName().startsWith(inside)
                && entry.getName().substring(inside.length()).matches("lib(?!jni)[^/]*\\.so[.0-9]*")).toList();
        for (JarEntry entry : libraries) {
            try (InputStream in = jar.getInputStream(entry)) {
                Files.copy(in, folder.resolve(entry.getName().substring(inside.length())));
            }
        }
    }

    /** The folder that the build writes to, in which the classes or their JAR lie. */
    private static Path target() {
        try {
            return Path.of(Natives.class.getProtectionDomain().getCodeSource().getLocation().toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}

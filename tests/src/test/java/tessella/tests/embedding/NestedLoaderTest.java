package tessella.tests.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The sealed JAR inside another archive, as frameworks pack it: classes come from bytes, through a loader of their own. */
class NestedLoaderTest {
    /** Reads every class of a JAR from memory, and asks its parent for the JDK only. */
    private static final class MemoryLoader extends ClassLoader {
        private final Map<String, byte[]> entries = new HashMap<>();

        MemoryLoader(Path jar) throws IOException {
            super("nested", ClassLoader.getPlatformClassLoader());
            try (JarFile file = new JarFile(jar.toFile())) {
                for (var entry : file.stream().toList()) {
                    try (InputStream in = file.getInputStream(entry)) {
                        entries.put(entry.getName(), in.readAllBytes());
                    }
                }
            }
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] bytes = entries.get(name.replace('.', '/') + ".class");
            if (bytes == null) {
                throw new ClassNotFoundException(name);
            }
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    /** What an application would do, compiled into its own class of the loader's world by reflection. */
    @Test
    void anOperatorAndItsGradientRunThroughAForeignLoader() throws Exception {
        MemoryLoader loader = new MemoryLoader(Path.of(System.getProperty("tessella.jar")));
        Class<?> tensor = loader.loadClass("tessella.autodiff.Tensor");
        assertNotSame(tessella.autodiff.Tensor.class, tensor);
        Class<?> shape = loader.loadClass("tessella.engine.Shape");
        Class<?> scopes = loader.loadClass("tessella.engine.Scope");
        Class<?> tapes = loader.loadClass("tessella.autodiff.Tape");
        try (AutoCloseable tape = (AutoCloseable) tapes.getMethod("record").invoke(null)) {
            Object scope = scopes.getMethod("current").invoke(null);
            Object dims = shape.getMethod("of", long[].class).invoke(null, (Object) new long[] {2, 2});
            Object x = tensor.getMethod("of", scopes, shape, float[].class).invoke(null, scope, dims, new float[] {1, 2, 3, 4});
            tapes.getMethod("watch", tensor).invoke(tape, x);
            Object y = loader.loadClass("tessella.autodiff.LinearAlgebra").getMethod("matmul", tensor, tensor).invoke(null, x, x);
            Object loss = loader.loadClass("tessella.autodiff.Reductions").getMethod("sum", tensor, int[].class)
                    .invoke(null, y, new int[0]);
            assertEquals(54.0, tensor.getMethod("item").invoke(loss));
            Object gradients = tapes.getMethod("gradients", tensor).invoke(tape, loss);
            Object dx = gradients.getClass().getMethod("of", tensor).invoke(gradients, x);
            float[] values = (float[]) dx.getClass().getMethod("toFloats").invoke(dx);
            // d(sum of x x)/dx_ij = the sum of row j and of column i
            assertEquals(7f, values[0]);
            assertEquals(11f, values[1]);
        }
        Object inUse = loader.loadClass("tessella.engine.Memory").getMethod("inUse").invoke(null);
        assertEquals(0L, inUse);
        assertTrue(Thread.currentThread().getContextClassLoader() != loader);
    }
}

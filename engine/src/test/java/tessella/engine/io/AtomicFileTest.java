package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is the old one or the new one, and nothing is left beside it. */
class AtomicFileTest {
    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("file.bin");
    }

    private List<Path> names() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.toList();
        }
    }

    @Test
    void theContentTakesTheNameAndReplacesAnOlderOne() throws IOException {
        AtomicFile.write(file, new byte[] {1, 2, 3});
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
        AtomicFile.write(file, new byte[] {4});
        assertArrayEquals(new byte[] {4}, Files.readAllBytes(file));
        assertEquals(List.of(file), names());
    }

    @Test
    void theOldFileStaysWhileTheNewOneIsWrittenAndWhenThatFails() throws IOException {
        AtomicFile.write(file, new byte[] {1, 2, 3});
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(file, channel -> {
            channel.write(ByteBuffer.wrap(new byte[] {9}));
            assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
            throw new IOException("no space left");
        }));
        assertEquals("no space left", e.getMessage());
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
        assertEquals(List.of(file), names());
    }

    @Test
    void aMissingFolderAndAFolderOfThatNameAreRefusedByName() throws IOException {
        Path missing = directory.resolve("none").resolve("file.bin");
        IOException e = assertThrows(TensorFileException.class, () -> AtomicFile.write(missing, new byte[1]));
        assertTrue(e.getMessage().contains("existing directory") && e.getMessage().contains("none"), e.getMessage());
        Files.createDirectory(file);
        e = assertThrows(TensorFileException.class, () -> AtomicFile.write(file, new byte[1]));
        assertTrue(e.getMessage().contains("found a directory"), e.getMessage());
        assertEquals(List.of(file), names());
    }
}

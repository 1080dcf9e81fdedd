package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
        assertEquals(file + ": expected to write the whole file, found \"no space left\"; free space on its disk, or allow writing there",
                e.getMessage());
        assertEquals("no space left", e.getCause().getMessage());
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
        assertEquals(List.of(file), names());
    }

    @Test
    void whatAContentThrowsItselfIsPassedOn() throws IOException {
        TensorFileException damaged = new TensorFileException("a sentence");
        assertSame(damaged, assertThrows(IOException.class, () -> AtomicFile.write(file, channel -> {
            throw damaged;
        })));
        IllegalStateException closed = new IllegalStateException("closed");
        assertSame(closed, assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, channel -> {
            throw closed;
        })));
        assertEquals(List.of(), names());
    }

    /** The platform names the temporary file then, and gives no reason. */
    @Test
    void theFileThatIsNamedIsTheFinalOne() {
        IOException e = new UnwrittenFileException(file, new AccessDeniedException(directory + "/.file.bin.1-2.tmp"));
        assertEquals(file + ": expected to write the whole file, found \"AccessDeniedException\"; free space on its disk, or allow writing"
                + " there", e.getMessage());
        e = new UnwrittenFileException(file, new FileSystemException(directory + "/.file.bin.1-2.tmp", null, "Read-only\nfile system"));
        assertTrue(e.getMessage().startsWith(file + ": expected to write the whole file, found \"Read-only\\u000afile system\"; "),
                e.getMessage());
    }

    @Test
    void onlyWhatAKilledProcessLeftIsSweptAway() throws IOException {
        for (String name : List.of(".file.bin.4711-1f00c.tmp", "..a.b.1-0.tmp")) {
            Files.createFile(directory.resolve(name));
        }
        List<Path> others = new ArrayList<>();
        for (String name : List.of(".bashrc", ".mine.tmp", "file.bin.4711-1f00c.tmp", ".file.bin.4711-1f00c.tmp.gz")) {
            others.add(Files.createFile(directory.resolve(name)));
        }
        others.add(Files.createDirectory(directory.resolve(".file.bin.4712-1f00c.tmp")));
        AtomicFile.sweep(directory);
        assertEquals(Set.copyOf(others), Set.copyOf(names()));
    }

    @Test
    void whatAKilledProcessLeavesIsWhatIsSweptAway() throws IOException {
        List<Path> writing = new ArrayList<>();
        AtomicFile.write(file, channel -> writing.addAll(names()));
        assertEquals(1, writing.size());
        Files.createFile(writing.getFirst());
        AtomicFile.sweep(directory);
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

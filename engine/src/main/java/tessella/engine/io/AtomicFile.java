package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Files that are there completely or not at all: the content goes to a temporary file in the same directory, which
 * takes the final name when it is on the disk. A reader sees the old file or the new one, whenever the program or the
 * machine stops.
 */
public final class AtomicFile {
    /** The name of the file between dots, the process, the time. */
    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.\\d+-[0-9a-f]+\\.tmp");

    private AtomicFile() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to a channel that is open at 0, and does not close it. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Creates or replaces a file. If the content throws or the disk is full, the old file stays and the temporary one is
     * deleted.
     *
     * @throws TensorFileException    if the directory does not exist, there is one of that name, or the content says so
     * @throws UnwrittenFileException if writing fails
     */
    public static void write(Path path, Content content) throws IOException {
        Path target = path.toAbsolutePath();
        Path directory = target.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw new TensorFileException(path + ": expected an existing directory to write to, found none at "
                    + directory);
        }
        if (Files.isDirectory(target)) {
            throw new TensorFileException(path + ": expected the name of a file to write, found a directory");
        }
        // not createTempFile, which would hide the final file from other users
        String suffix = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp";
        Path temporary = directory.resolve("." + target.getFileName() + "." + suffix);
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceDirectory(directory);
        } catch (TensorFileException | RuntimeException | Error e) {
            discard(temporary, e);
            throw e;
        } catch (IOException e) {
            discard(temporary, e);
            throw new UnwrittenFileException(path, e);
        }
    }

    /** What cannot be deleted must not hide why it was not written. */
    private static void discard(Path temporary, Throwable why) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /**
     * Deletes the temporary files that a process left in a directory when it was killed while it wrote. Only for a directory that
     * no other process is writing to.
     *
     * @throws IOException if the directory cannot be read or a file cannot be deleted
     */
    public static void sweep(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                if (TEMPORARY.matcher(entry.getFileName().toString()).matches() && Files.isRegularFile(entry)) {
                    Files.delete(entry);
                }
            }
        }
    }

    /** As {@link #write(Path, Content)}, with a content that is at hand. */
    public static void write(Path path, byte[] content) throws IOException {
        write(path, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /** Writes all that remains in a buffer: one call of a channel may write less. */
    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Puts the new name itself on the disk. */
    private static void forceDirectory(Path directory) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(directory, StandardOpenOption.READ);
        } catch (IOException e) {
            return; // this system does not open directories: it has no way to ask for more
        }
        try (channel) {
            channel.force(true);
        }
    }
}

package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are there completely or not at all: the content goes to a temporary file in the same directory, which
 * takes the final name when it is on the disk. A reader sees the old file or the new one, whenever the program or the
 * machine stops.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to a channel that is open at 0, and does not close it. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Creates or replaces a file. If the content throws, the old file stays and the temporary one is deleted.
     *
     * @throws IOException if the directory does not exist, or writing fails
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
        } finally {
            Files.deleteIfExists(temporary);
        }
        forceDirectory(directory);
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

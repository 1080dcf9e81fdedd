package tessella.models.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tessella.engine.io.AtomicFile;
import tessella.engine.io.UnwrittenFileException;
import tessella.engine.json.Json;

/**
 * The folder of one run. It belongs to this run alone: an existing run is never written into, but by itself when it goes on. Files appear under
 * their names when they are whole; only {@code metrics.jsonl} grows, a line at a time. Not thread-safe.
 */
public final class RunDirectory implements AutoCloseable {
    private static final String METRICS = "metrics.jsonl";
    private static final Pattern NUMBERED = Pattern.compile("(\\d{3,9})-.*");

    private final Path folder;
    private final OutputStream metrics;

    private RunDirectory(Path folder) throws IOException {
        this.folder = folder;
        Path file = folder.resolve(METRICS);
        try {
            this.metrics = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UnwrittenFileException(file, e);
        }
    }

    /**
     * Opens the folder of a run that goes on: what was written to the metrics after it was saved is cut off, and temporary files
     * that it left when it was killed are deleted.
     *
     * @param folder the folder of the run
     * @param bytes  the length of the metrics when the run was saved
     * @return the run
     * @throws IOException if there is no such run, or its metrics are shorter
     */
    public static RunDirectory reopen(Path folder, long bytes) throws IOException {
        Path metrics = folder.resolve(METRICS);
        try (FileChannel channel = FileChannel.open(metrics, StandardOpenOption.WRITE)) {
            if (channel.size() < bytes) {
                throw new IOException("%s: expected at least the %d bytes that were there when the run was saved, found %d"
                        .formatted(metrics, bytes, channel.size()));
            }
            channel.truncate(bytes);
        }
        AtomicFile.sweep(folder);
        return new RunDirectory(folder);
    }

    /**
     * Reads the lines of the metrics.
     *
     * @return one object for each line
     * @throws IOException if they cannot be read
     */
    public List<Map<String, Object>> metrics() throws IOException {
        List<Map<String, Object>> out = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(METRICS))) {
            out.add(Json.object(Json.parse(line), METRICS));
        }
        return out;
    }

    /**
     * Puts the metrics on the disk, so that what is saved with their length finds them there, and returns it.
     *
     * @return in bytes
     * @throws IOException if that fails
     */
    public long metricsBytes() throws IOException {
        Path file = folder.resolve(METRICS);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
            return channel.size();
        } catch (IOException e) {
            throw new UnwrittenFileException(file, e);
        }
    }

    /**
     * Makes the folder.
     *
     * @param folder a folder that does not exist or is empty
     * @return the run
     * @throws IOException if the folder holds anything already, or cannot be made
     */
    public static RunDirectory create(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new IOException("%s: expected a new or empty folder for the run, found a file".formatted(folder));
        }
        Files.createDirectories(folder);
        try (Stream<Path> entries = Files.list(folder)) {
            var first = entries.findFirst();
            if (first.isPresent()) {
                throw new IOException("%s: expected a new or empty folder for the run, found %s in it: name another"
                        .formatted(folder, first.get().getFileName()));
            }
        }
        return new RunDirectory(folder);
    }

    /**
     * Makes a folder under the next free number, such as {@code 007-soft-moe-tiny}. Two processes never get the same.
     *
     * @param parent where the runs are, made if need be
     * @param name   the name after the number
     * @return the run
     * @throws IOException if the folder cannot be made
     */
    public static RunDirectory createNumbered(Path parent, String name) throws IOException {
        Files.createDirectories(parent);
        int number;
        try (Stream<Path> entries = Files.list(parent)) {
            number = 1 + entries.map(entry -> NUMBERED.matcher(entry.getFileName().toString()))
                    .filter(Matcher::matches).mapToInt(matcher -> Integer.parseInt(matcher.group(1))).max().orElse(0);
        }
        while (true) {
            Path folder = parent.resolve(String.format(Locale.ROOT, "%03d-%s", number, name));
            try {
                Files.createDirectory(folder); // atomic: one process wins
                return new RunDirectory(folder);
            } catch (FileAlreadyExistsException e) {
                number++;
            }
        }
    }

    /**
     * Returns the folder.
     *
     * @return its path
     */
    public Path path() {
        return folder;
    }

    /**
     * Appends one line to {@code metrics.jsonl} and hands it to the system at once, so that it can be followed.
     *
     * @param values names and values, in the order of the line; numbers must be finite
     * @throws IOException if writing fails; no part of the line stays
     */
    public void metrics(Map<String, ?> values) throws IOException {
        byte[] line = (Json.write(values) + "\n").getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve(METRICS);
        long before = Files.size(file);
        try {
            metrics.write(line);
        } catch (IOException e) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(before);
            } catch (IOException uncut) {
                e.addSuppressed(uncut);
            }
            throw new UnwrittenFileException(file, e);
        }
    }

    /**
     * Writes {@code run-card.json} and {@code run-card.md}.
     *
     * @param card the card
     * @throws IOException if writing fails
     */
    public void write(RunCard card) throws IOException {
        AtomicFile.write(folder.resolve("run-card.json"), card.toJson().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve("run-card.md"), card.toMarkdown().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes {@code report.html}.
     *
     * @param report the report
     * @return the file
     * @throws IOException if writing fails
     */
    public Path write(Report report) throws IOException {
        Path file = folder.resolve("report.html");
        report.write(file);
        return file;
    }

    /**
     * Writes {@code report.html}.
     *
     * @param report the report
     * @return the file
     * @throws IOException if writing fails
     */
    public Path write(ProbeReport report) throws IOException {
        Path file = folder.resolve("report.html");
        report.write(file);
        return file;
    }

    @Override
    public void close() throws IOException {
        metrics.close();
    }
}

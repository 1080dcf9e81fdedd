package tessella.models.cli;

import java.io.Console;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/**
 * Tells how far a training run, or other work on pictures, is: on a terminal in one line that is written over and over, otherwise in plain lines
 * at most every few seconds. Speed and remaining time are those of the last five to ten seconds. Not thread-safe.
 */
public final class Progress implements AutoCloseable {
    /** How lines reach the reader. */
    public enum Style {
        /** One line, rewritten at most ten times a second. */
        REWRITTEN(Duration.ofMillis(100)),
        /** A new line at most every ten seconds. */
        PLAIN(Duration.ofSeconds(10));

        private final Duration interval;

        Style(Duration interval) {
            this.interval = interval;
        }
    }

    /** Where work stands. */
    public sealed interface Position {
        /**
         * Returns the part that is done, in steps.
         *
         * @return 0 to {@link #steps()}
         */
        long step();

        /**
         * Returns the steps to do in all.
         *
         * @return 0 or more
         */
        long steps();

        /**
         * Returns the pictures seen in all, each time counted.
         *
         * @return 0 or more
         */
        long images();

        /**
         * Returns the memory off the heap in use.
         *
         * @return in bytes
         */
        long bytes();

        /**
         * Returns the most memory off the heap that was in use.
         *
         * @return in bytes
         */
        long peakBytes();

        /**
         * Returns what the line begins with.
         *
         * @param style how lines reach the reader
         * @return the first words are the last to be left out
         */
        List<String> words(Style style);
    }

    /**
     * Where work stands that sees every picture once.
     *
     * @param what      what is computed: {@code "features"}
     * @param images    pictures seen
     * @param total     pictures to see
     * @param bytes     off-heap bytes in use
     * @param peakBytes the most off-heap bytes that were in use
     */
    public record Pictures(String what, long images, long total, long bytes, long peakBytes) implements Position {
        @Override
        public long step() {
            return images;
        }

        @Override
        public long steps() {
            return total;
        }

        @Override
        public List<String> words(Style style) {
            return List.of(format("%s %d/%d", what, images, total));
        }
    }

    /**
     * Where a run stands.
     *
     * @param epoch      the current epoch, from 1
     * @param epochs     the number of epochs
     * @param step       steps done in all
     * @param steps      steps to do in all
     * @param images     training pictures seen in all, each time counted
     * @param loss       the recent training loss
     * @param validation the last validation accuracy, 0 to 1, if there is one yet
     * @param bytes      off-heap bytes in use
     * @param peakBytes  the most off-heap bytes that were in use
     */
    public record State(int epoch, int epochs, long step, long steps, long images, double loss,
            OptionalDouble validation, long bytes, long peakBytes) implements Position {
        @Override
        public List<String> words(Style style) {
            List<String> words = new ArrayList<>(List.of(format("epoch %d/%d", epoch, epochs), format("step %d/%d", step, steps),
                    format("loss %.4f", loss)));
            validation.ifPresent(accuracy -> words.add(format(style == Style.PLAIN ? "validation %.4f" : "val %.4f", accuracy)));
            return words;
        }
    }

    private record Mark(long time, long step, long images) {
    }

    private static final long WINDOW = Duration.ofSeconds(5).toNanos();
    private static final int DEFAULT_COLUMNS = 80;

    private final PrintStream out;
    private final LongSupplier nanoTime;
    private final Style style;
    private final int columns;
    private Mark older; // the start of the window that speed is measured over
    private Mark newer; // at least WINDOW later, becomes the start after another WINDOW
    private Position last;
    private long printedAt;
    private boolean lastPrinted = true;
    private int lineLength; // of the line on the terminal that may be rewritten

    /**
     * Makes a progress report.
     *
     * @param out      where it goes
     * @param nanoTime the clock, in nanoseconds
     * @param style    how
     * @param columns  the width of the terminal, for lines that are rewritten
     */
    public Progress(PrintStream out, LongSupplier nanoTime, Style style, int columns) {
        this.out = out;
        this.nanoTime = nanoTime;
        this.style = style;
        this.columns = columns;
    }

    /**
     * Makes the progress report of this process: one line on a terminal, plain lines in a file or pipe.
     *
     * @param out where it goes, usually {@code System.out}
     * @return the report
     */
    public static Progress on(PrintStream out) {
        Console console = System.console();
        boolean terminal = console != null && console.isTerminal();
        String width = System.getenv("COLUMNS");
        int columns = width != null && width.matches("[1-9]\\d{1,3}") ? Integer.parseInt(width) : DEFAULT_COLUMNS;
        return new Progress(out, System::nanoTime, terminal ? Style.REWRITTEN : Style.PLAIN, columns);
    }

    /**
     * Tells a new state; cheap enough to be called after every step.
     *
     * @param state where the work stands
     */
    public void update(Position state) {
        long now = nanoTime.getAsLong();
        Mark mark = new Mark(now, state.step(), state.images());
        if (older == null) {
            older = mark;
            newer = mark;
        } else if (now - newer.time() >= WINDOW) {
            older = newer;
            newer = mark;
        }
        boolean first = last == null;
        last = state;
        lastPrinted = false;
        if (first || now - printedAt >= style.interval.toNanos()) {
            print(now);
        }
    }

    /**
     * Prints a line that stays.
     *
     * @param text the line
     */
    public void line(String text) {
        erase();
        out.println(text);
        out.flush();
        lastPrinted = true;
    }

    /** Prints the last state if it has not been printed, and ends the line. */
    @Override
    public void close() {
        if (!lastPrinted) {
            print(nanoTime.getAsLong());
        }
        if (lineLength > 0) {
            out.println();
            lineLength = 0;
        }
        out.flush();
    }

    private void print(long now) {
        String text = text(now);
        if (style == Style.REWRITTEN) {
            out.print("\r" + text + " ".repeat(Math.max(0, lineLength - text.length())));
            lineLength = text.length();
        } else {
            out.println(text);
        }
        out.flush();
        printedAt = now;
        lastPrinted = true;
    }

    private void erase() {
        if (lineLength > 0) {
            out.print("\r" + " ".repeat(lineLength) + "\r");
            lineLength = 0;
        }
    }

    private String text(long now) {
        Position s = last;
        boolean plain = style == Style.PLAIN;
        List<String> words = new ArrayList<>(s.words(style));
        double seconds = (now - older.time()) / 1e9;
        if (seconds > 0 && s.step() > older.step()) {
            words.add(format(plain ? "%d images/s" : "%d/s", Math.round((s.images() - older.images()) / seconds)));
            words.add("ETA " + clock(Math.round((s.steps() - s.step()) * seconds / (s.step() - older.step()))));
        }
        words.add(format(plain ? "off-heap %d MB, peak %d MB" : "%d/%d MB", megabytes(s.bytes()),
                megabytes(s.peakBytes())));
        while (!plain && words.size() > 1 && String.join(" ", words).length() >= columns) {
            words.removeLast(); // a line that wraps could not be rewritten
        }
        return String.join(plain ? "  " : " ", words);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static long megabytes(long bytes) {
        return Math.round(bytes / 1e6);
    }

    private static String clock(long seconds) {
        return seconds < 3600 ? format("%d:%02d", seconds / 60, seconds % 60)
                : format("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}

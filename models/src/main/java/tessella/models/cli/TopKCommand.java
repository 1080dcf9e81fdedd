package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tensor;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.io.AtomicFile;

/**
 * {@code tessella topk}: the soft mask and magnitudes of numbers, and which of them share their places.
 *
 * @param words       the numbers, if they stand on the command line
 * @param file        the file that they stand in otherwise
 * @param k           how many are selected
 * @param regularizer how softly
 * @param csv         where all of them go, one a line; else as many as fit are printed
 */
record TopKCommand(List<String> words, Optional<Path> file, int k, Regularizer regularizer, Optional<Path> csv)
        implements Program.Action {
    private static final int PRINTED = 100;
    private static final Option<Integer> K = Option.integer("k", 0, Integer.MAX_VALUE, "how many are selected").orElse(1);
    private static final Option<Double> LAMBDA = Option.number("lambda", 0, Double.POSITIVE_INFINITY,
            "how softly: 0 is hard, and a mask is soft where fewer than lambda is between those in and those out").orElse(1.0);
    private static final Option<Double> P = Option.number("p", 1.001, 100,
            "the exponent of the regularizer: 2 is piecewise linear, 1.3333333333333333 smoother").orElse(2.0);
    private static final Option<Path> FILE = Option.path("file", "reads the numbers, with spaces, commas or lines between them");
    private static final Option<Path> CSV = Option.path("out", "writes a table of all numbers, for spreadsheets");

    /** What may follow {@code tessella topk}. */
    static final Command COMMAND = new Command("topk",
            "Selects the k largest of some numbers, differentiably: the soft mask, the magnitudes, and the block that shares places.",
            new Command.Operands("<number>...", 0, 1_000_000), List.of(K, LAMBDA, P, FILE, CSV));

    static TopKCommand of(Arguments arguments) {
        List<String> words = arguments.operands();
        Optional<Path> file = arguments.find(FILE);
        if (file.isPresent() == !words.isEmpty()) {
            throw new UsageException("topk: expected numbers, or --file with some, found " + (words.isEmpty() ? "neither" : "both"));
        }
        return new TopKCommand(words, file, arguments.get(K), new Regularizer(arguments.get(LAMBDA), arguments.get(P)), arguments.find(CSV));
    }

    private double[] numbers() throws IOException {
        List<String> all = file.isEmpty() ? words
                : Arrays.stream(Files.readString(file.get(), StandardCharsets.ISO_8859_1).split("[\\s,;]+")).filter(w -> !w.isEmpty()).toList();
        double[] numbers = new double[all.size()];
        for (int i = 0; i < numbers.length; i++) {
            try {
                numbers[i] = Double.parseDouble(all.get(i));
            } catch (NumberFormatException e) {
                throw new UsageException("topk: expected numbers, found \"" + all.get(i) + "\" in place " + (i + 1));
            }
        }
        if (k > numbers.length) {
            throw new UsageException("topk: expected a --k of at most " + numbers.length + ", as many as there are numbers, found " + k);
        }
        return numbers;
    }

    /** A number and what is made of it. */
    private record Row(int index, double x, double mask, double magnitude, double raw) {}

    @Override
    public void run(PrintStream out) throws IOException {
        double[] numbers = numbers();
        List<Row> rows;
        try (Scope scope = Scope.open()) {
            Tensor x = Tensor.of(scope, Shape.of(numbers.length), numbers);
            double[] mask = SparseTopK.mask(x, k, regularizer).toDoubles();
            double[] magnitude = SparseTopK.magnitude(x, k, regularizer).toDoubles();
            double[] raw = SparseTopK.rawMagnitude(x, k, regularizer).toDoubles();
            rows = IntStream.range(0, numbers.length).mapToObj(i -> new Row(i, numbers[i], mask[i], magnitude[i], raw[i]))
                    .sorted(Comparator.comparingDouble(row -> -(row.x() + 0.0))).toList();
        }
        out.printf(Locale.ROOT, "k = %d of %d, lambda = %s, p = %s%n", k, numbers.length, regularizer.lambda(), regularizer.p());
        out.println("mask        " + structure(rows.stream().filter(row -> row.mask() == 1).count(),
                rows.stream().filter(row -> row.mask() > 0 && row.mask() < 1).count(), "0"));
        out.println("magnitude   " + structure(rows.stream().filter(row -> row.magnitude() == row.x() && row.x() != 0).count(),
                rows.stream().filter(row -> row.magnitude() != row.x() && row.magnitude() != 0).count(), "0"));
        if (csv.isPresent()) {
            AtomicFile.write(csv.get(), table(rows).getBytes(StandardCharsets.UTF_8));
            out.println("written to  " + csv.get());
        } else {
            print(out, rows);
        }
    }

    private static String structure(long whole, long shared, String rest) {
        return whole + " selected whole, " + (shared == 0 ? "no block, " : shared + " in one block that shares places, ") + "all others "
                + rest;
    }

    private void print(PrintStream out, List<Row> rows) {
        out.println();
        out.println("  rank   place  x               mask            magnitude       raw");
        for (int i = 0; i < Math.min(PRINTED, rows.size()); i++) {
            Row row = rows.get(i);
            out.printf(Locale.ROOT, "%6d  %6d  %-14.8g  %-14.8g  %-14.8g  %-14.8g%s%n", i + 1, row.index() + 1, row.x(), row.mask(),
                    row.magnitude(), row.raw(), row.mask() > 0 && row.mask() < 1 ? "  block" : "");
        }
        if (rows.size() > PRINTED) {
            out.println("and " + (rows.size() - PRINTED) + " more; --out writes all of them");
        }
    }

    private static String table(List<Row> rows) {
        StringBuilder text = new StringBuilder("place,x,mask,magnitude,raw\n");
        rows.stream().sorted(Comparator.comparingInt(Row::index)).forEach(row -> text.append(row.index() + 1).append(',').append(row.x())
                .append(',').append(row.mask()).append(',').append(row.magnitude()).append(',').append(row.raw()).append('\n'));
        return text.toString();
    }
}

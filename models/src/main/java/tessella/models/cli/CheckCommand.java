package tessella.models.cli;

import java.io.PrintStream;
import java.util.List;
import tessella.engine.Workers;
import tessella.kernels.Precision;

/**
 * {@code tessella check}: times every kernel in this process, and tells which of them the compiler has failed.
 *
 * @param precision what the kernels compute in
 * @param seconds   about how long to take
 */
record CheckCommand(Precision precision, double seconds) implements Program.Action {
    private static final String SINGLE = "float32";
    private static final Option<String> TYPE = Option.choice("type", List.of(SINGLE, "float64"), "what the kernels compute in")
            .orElse(SINGLE);
    private static final Option<Double> SECONDS = Option.number("seconds", 0.05, 3600, "about how long to take").orElse(20.0);

    /** What may follow {@code tessella check}. */
    static final Command COMMAND = new Command("check",
            "Times every kernel against what the machine gives; fails if one is far below its share.", Command.Operands.NONE,
            List.of(TYPE, SECONDS));

    static CheckCommand of(Arguments arguments) {
        return new CheckCommand(arguments.get(TYPE).equals(SINGLE) ? Precision.SINGLE : Precision.DOUBLE, arguments.get(SECONDS));
    }

    @Override
    public void run(PrintStream out) {
        try (Workers one = Workers.of(1)) {
            print(Workers.with(one, this::report), out);
        }
    }

    private CheckReport report() {
        try (Kernels kernels = new Kernels(precision, Kernels.TIMED); Kernels brief = new Kernels(precision, Kernels.WARM_UP)) {
            return new CheckReport(new KernelTimes(kernels.all(), brief.all(), precision, seconds).run());
        }
    }

    /**
     * Prints a report.
     *
     * @throws FallenKernelsException if a kernel fell
     */
    static void print(CheckReport report, PrintStream out) {
        report.lines().forEach(out::println);
        if (!report.fallen().isEmpty()) {
            throw new FallenKernelsException(report.sentence());
        }
        out.println(report.sentence());
    }
}

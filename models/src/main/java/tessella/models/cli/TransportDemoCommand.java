package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import tessella.engine.Determinism;
import tessella.engine.Workers;
import tessella.models.report.DemoReport;
import tessella.models.report.Machine;
import tessella.models.report.RunCard;
import tessella.models.transport.DemoPlan;
import tessella.models.transport.DemoPlans;
import tessella.models.transport.TransportDemo;

/**
 * {@code tessella transport --demo}: a small problem and its plans for several k, as pictures, tables and a page.
 *
 * @param name       of the problem
 * @param seed       of its points
 * @param ks         the most entries of a column, one plan each
 * @param gamma      weight of the squares
 * @param epsilon    temperature of the entropic plan
 * @param iterations of a solver, at most
 * @param threads    threads to compute with
 * @param out        the new folder
 */
record TransportDemoCommand(String name, long seed, List<Integer> ks, double gamma, double epsilon, int iterations, int threads, Path out)
        implements Program.Action {
    /** The problems there are. */
    static final List<String> NAMES = List.of("bins", "points");
    static final List<Integer> KS = List.of(1, 2, 3, 4, 8, 16);
    private static final String POINTS = NAMES.get(1);

    static TransportDemoCommand of(Arguments arguments) {
        String name = arguments.get(TransportCommand.DEMO);
        List<Integer> ks = TransportCommand.ks(arguments).orElse(KS);
        // the quadratic plan has a trace of its own
        if (ks.size() >= DemoReport.MOST_TRACES) {
            throw new UsageException("transport: expected at most " + (DemoReport.MOST_TRACES - 1) + " numbers in --k beside --demo, found "
                    + ks.size() + "; leave some out");
        }
        if (!name.equals(POINTS) && arguments.find(TransportCommand.SEED).isPresent()) {
            throw new UsageException("transport: expected --seed with --demo points only, found it with " + name);
        }
        return new TransportDemoCommand(name, arguments.find(TransportCommand.SEED).orElse(1L), ks, arguments.get(TransportCommand.GAMMA),
                arguments.get(TransportCommand.EPSILON), arguments.get(TransportCommand.ITERATIONS), arguments.get(CommonOptions.THREADS),
                TransportCommand.out(arguments));
    }

    @Override
    public void run(PrintStream print) throws IOException {
        TransportCommand.requireNew(out);
        TransportDemo demo = name.equals(POINTS) ? TransportDemo.Points.clouds(seed) : TransportDemo.Bins.gaussians();
        List<DemoPlan> plans;
        try (Workers workers = Workers.of(threads)) {
            plans = Workers.with(workers, (Supplier<List<DemoPlan>>) () -> DemoPlans.of(demo, ks, gamma, epsilon, iterations));
        }
        new DemoReport(demo, plans, card(demo)).write(out);
        for (DemoPlan plan : plans) {
            String bounds = Double.isNaN(plan.value()) ? "" : String.format(Locale.ROOT, ", dual value %.7f, gap %.1e", plan.value(), plan.gap());
            print.printf(Locale.ROOT, "%-10s cost %.7f%s, marginal error %.1e, %d non-zeros, %d in a column, %d iterations, %s%n", plan.label(),
                    plan.cost(), bounds, plan.marginalError(), plan.entries(), plan.densest(), plan.iterations(), plan.stop());
        }
        print.println("report " + out.resolve(DemoReport.PAGE));
    }

    private RunCard card(TransportDemo demo) {
        List<String> words = new ArrayList<>(List.of("tessella", "transport", "--demo", name));
        if (name.equals(POINTS)) {
            words.addAll(List.of("--seed", Long.toString(seed)));
        }
        words.addAll(List.of("--k", TransportCommand.words(ks), "--gamma", Double.toString(gamma), "--epsilon", Double.toString(epsilon),
                "--iterations", Integer.toString(iterations)));
        return new RunCard(CommonOptions.version(), RunCard.commitOf(CommonOptions.home()), words, seed, Machine.detect(Determinism.vectorBits()),
                demo.describe(), "", Map.of());
    }
}

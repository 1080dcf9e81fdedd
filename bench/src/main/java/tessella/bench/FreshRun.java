package tessella.bench;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import tessella.engine.Scope;

/**
 * What a JVM that had just started took.
 *
 * @param model  seconds from its start until the model was there
 * @param first  seconds from its start until the first result was
 * @param passes seconds of each pass, the first one included
 */
record FreshRun(double model, double first, double[] passes) {
    /** The passes that count as steady, and those that are held against them, numbers from 1. */
    static final int STEADY_FROM = 200;
    static final int STEADY_TO = 300;
    static final int EARLY_FROM = 46;
    static final int EARLY_TO = 55;

    /** In the fresh JVM: model and batch, passes, the instant at which the other process started this one, and the batch to warm up with, or 0. */
    static void main(String[] args) throws InterruptedException {
        int passes = Integer.parseInt(args[1]);
        Instant start = Instant.parse(args[2]);
        double[] seconds = new double[passes];
        double model;
        double first = 0;
        try (Scope scope = Scope.open(); ModelRun run = ModelRun.of(args[0], scope)) {
            model = since(start);
            int warming = args.length > 3 ? Integer.parseInt(args[3]) : 0;
            if (warming > 0) {
                System.err.println(run.model.warmUp(warming).await());
            }
            for (int i = 0; i < passes; i++) {
                long from = System.nanoTime();
                try (Scope _ = Scope.open()) {
                    run.logits().toFloats();
                }
                seconds[i] = (System.nanoTime() - from) / 1e9;
                if (i == 0) {
                    first = since(start);
                }
            }
        }
        System.out.println(new FreshRun(model, first, seconds).line());
    }

    private static double since(Instant start) {
        return Duration.between(start, Instant.now()).toNanos() / 1e9;
    }

    /** All numbers of a run, on one line. */
    String line() {
        StringBuilder out = new StringBuilder().append(model).append(' ').append(first);
        Arrays.stream(passes).forEach(pass -> out.append(' ').append(pass));
        return out.toString();
    }

    /** Reads {@link #line}. */
    static FreshRun parse(String line) {
        double[] numbers = Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
        return new FreshRun(numbers[0], numbers[1], Arrays.copyOfRange(numbers, 2, numbers.length));
    }

    /** Median of the steady passes, seconds. */
    double steady() {
        return median(STEADY_FROM, STEADY_TO);
    }

    /** Median of the passes about the fiftieth, relative to the steady one. */
    double early() {
        return median(EARLY_FROM, EARLY_TO) / steady();
    }

    /** Median time of passes from to, both counted, numbers from 1. */
    private double median(int from, int to) {
        return Ceilings.median(Arrays.copyOfRange(passes, from - 1, to));
    }
}

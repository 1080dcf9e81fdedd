package tessella.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VitConfig;

/**
 * What a JVM that had just started took.
 *
 * @param model  seconds from its start until the model was there, read from a checkpoint
 * @param first  seconds from its start until the first result was
 * @param passes seconds of each pass, the first one included
 */
record FreshRun(double model, double first, double[] passes) {
    /** The passes that count as steady, and those that are held against them, numbers from 1. */
    static final int STEADY_FROM = 200;
    static final int STEADY_TO = 300;
    static final int EARLY_FROM = 46;
    static final int EARLY_TO = 55;

    /**
     * In the fresh JVM: a checkpoint, pictures in a batch, passes, the instant at which the other process started this one, and the batch to
     * warm up with, or 0.
     */
    static void main(String[] args) throws IOException, InterruptedException {
        int batch = Integer.parseInt(args[1]);
        int passes = Integer.parseInt(args[2]);
        Instant start = Instant.parse(args[3]);
        int warming = Integer.parseInt(args[4]);
        double[] seconds = new double[passes];
        double model;
        double first = 0;
        try (Scope scope = Scope.open(); Checkpoint checkpoint = Checkpoint.load(Path.of(args[0]))) {
            model = since(start);
            Tensor pictures = pictures(scope, checkpoint.model().config(), batch);
            if (warming > 0) {
                System.err.println(checkpoint.model().warmUp(warming).await());
            }
            for (int i = 0; i < passes; i++) {
                long from = System.nanoTime();
                try (Scope _ = Scope.open()) {
                    checkpoint.model().logits(pictures).value().toFloats();
                }
                seconds[i] = (System.nanoTime() - from) / 1e9;
                if (i == 0) {
                    first = since(start);
                }
            }
        }
        System.out.println(new FreshRun(model, first, seconds).line());
    }

    /** Pixels from -1 to 1, which cost nothing to make. */
    private static Tensor pictures(Scope scope, VitConfig config, int batch) {
        float[] pixels = new float[batch * config.height() * config.width() * config.channels()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i % 257 / 128f - 1;
        }
        return Tensor.of(scope, Shape.of(batch, config.height(), config.width(), config.channels()), pixels);
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

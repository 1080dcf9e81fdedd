package tessella.models.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import tessella.engine.DType;
import tessella.engine.Workers;
import tessella.models.data.ShippedData;
import tessella.models.data.DataSplits;
import tessella.models.data.Preprocessing;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** Twenty steps of soft-moe-tiny on the first 160 training pictures of Fashion-MNIST; a program of its own, too. */
final class ShortRun {
    static final VitConfig MODEL = VitConfig.preset("soft-moe-tiny");

    /**
     * All that a run leaves.
     *
     * @param losses     of each step
     * @param accuracies of the validation pictures after each epoch
     * @param checkpoint the hash of the checkpoint's bytes, the parameters among them
     */
    record Result(List<Double> losses, List<Double> accuracies, String checkpoint) {
        String text() {
            return losses + "\n" + accuracies + "\n" + checkpoint + "\n";
        }
    }

    private ShortRun() {
    }

    /** The first run of this process, with two threads and seed 1; its argument is a folder. */
    public static void main(String[] arguments) throws IOException {
        System.out.print(run(2, 1, Path.of(arguments[0])).text());
    }

    static DataSplits data() throws IOException {
        DataSplits all = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot());
        return new DataSplits(all.name(), all.train().first(160), all.validation().first(50), all.test().first(50));
    }

    static Preprocessing preprocessing(DataSplits data) {
        return Preprocessing.standardising(data.train());
    }

    static TrainConfig config(int epochs, double learningRate, long seed) {
        return new TrainConfig(epochs, 32, learningRate, 0.2, 0.05, 0.1, 0.999, 1, seed);
    }

    /** As {@link #config}, without label smoothing. */
    static TrainConfig unsmoothed(int epochs, double learningRate, long seed) {
        return new TrainConfig(epochs, 32, learningRate, 0.2, 0.05, 0, 0.999, 1, seed);
    }

    /** The highest rate from the first step on, and nothing that pulls the parameters back. */
    static TrainConfig exploding(double learningRate) {
        return new TrainConfig(1, 32, learningRate, 0, 0, 0.1, 0.999, 1, 1);
    }

    static Result run(int threads, long seed, Path folder) throws IOException {
        DataSplits data = data();
        List<Double> losses = new ArrayList<>();
        List<Double> accuracies = new ArrayList<>();
        Path file = folder.resolve("short-run.safetensors");
        try (Workers workers = Workers.of(threads);
                Checkpoint checkpoint = new Checkpoint(VisionTransformer.initialized(MODEL, DType.F32, seed),
                        preprocessing(data), data.classNames(), Map.of())) {
            Workers.with(workers, () -> Trainer.train(checkpoint.model(), data, checkpoint.preprocessing(),
                    ShippedData.FASHION_MNIST.augmentation(), config(4, 2e-3, seed), new Trainer.Listener() {
                        @Override
                        public void step(Trainer.Step step) {
                            losses.add(step.loss());
                        }

                        @Override
                        public void epoch(Trainer.EpochEnd epoch) {
                            accuracies.add(epoch.validation().accuracy());
                        }
                    }));
            checkpoint.save(file);
        }
        return new Result(losses, accuracies, sha256(Files.readAllBytes(file)));
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}

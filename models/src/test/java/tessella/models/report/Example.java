package tessella.models.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import tessella.models.data.ShippedData;
import tessella.models.data.ImageSet;
import tessella.models.data.Picture;

/** A report with made-up numbers on real pictures, to be tested and to be looked at. */
final class Example {
    private static final int GRID = 7;
    private static final int TOKENS = GRID * GRID;
    private static final int EXPERTS = 16;
    private static final int SLOTS = 3;

    private Example() {
    }

    static Report report() throws IOException {
        return report(ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot()).test());
    }

    static Report report(ImageSet test) {
        Random random = new Random(1);
        int[] predictions = test.labels();
        int[][] alike = {{6, 3}, {3}, {4, 6}, {0, 4}, {2, 6}, {7, 9}, {0, 2, 4}, {5, 9}, {5}, {7, 5}};
        for (int i = 0; i < predictions.length; i++) {
            if (random.nextDouble() < (predictions[i] == 6 ? 0.4 : 0.13)) {
                int[] choices = alike[predictions[i]];
                predictions[i] = choices[random.nextInt(choices.length)];
            }
        }
        float[][] probabilities = new float[predictions.length][test.classNames().size()];
        for (int i = 0; i < predictions.length; i++) {
            probabilities[i][predictions[i]] = 0.5f + random.nextFloat() / 2;
        }
        TestResult measured = TestResult.OneClass.of(test.classNames(), test.labels(), predictions, probabilities);
        return new Report("soft-moe-tiny on fashion-mnist",
                List.of(new Headline("Parameters", "1,203,466", "4 blocks, 16 experts x 3 slots in the last 2"),
                        new Headline("Validation accuracy", "0.8350", "600 pictures, best epoch 23"),
                        new Headline("Epochs", "25", "4,200 steps of 32 pictures")),
                card(), curve(random), measured, samples(test, predictions, random),
                List.of(routing(test, "block 2", 2.0, random), routing(test, "block 3", 3.5, random)));
    }

    /** Of pictures that may have several classes: those of clothes, each said to have some. */
    static Report severalClasses() throws IOException {
        ImageSet test = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot()).test().first(300);
        Random random = new Random(2);
        int classes = test.classNames().size();
        boolean[][] truth = new boolean[test.size()][classes];
        float[][] probabilities = new float[test.size()][classes];
        List<SamplePrediction> samples = new ArrayList<>();
        for (int i = 0; i < test.size(); i++) {
            for (int c = 0; c < classes; c++) {
                truth[i][c] = random.nextInt(4) == 0;
                probabilities[i][c] = (float) (1 / (1 + Math.exp(-random.nextGaussian() * 2 - (truth[i][c] ? 2 : -2))));
            }
            if (i < 12) {
                samples.add(SamplePrediction.ofSeveralClasses(test.picture(i), truth[i], probabilities[i]));
            }
        }
        return new Report("vit-tiny on scenes", List.of(new Headline("Precision@1", "0.9000", "")), card(), curve(random),
                new TestResult.SeveralClasses(test.classNames(), probabilities, truth), samples, List.of());
    }

    /** Of the features of a model, with neighbours of long and short names. */
    static ProbeReport probe() throws IOException {
        ImageSet test = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot()).test();
        List<Headline> numbers = List.of(new Headline("10 nearest neighbours accuracy", "0.8357", "votes weighted by cosine"),
                new Headline("10-shot ridge accuracy", "0.8262", "95 % interval 0.8173 to 0.8351 of the mean over 5 draws"));
        List<Retrieval> retrievals = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            List<Retrieval.Neighbour> nearest = new ArrayList<>();
            for (int r = 0; r < 5; r++) {
                nearest.add(new Retrieval.Neighbour(test.picture(20 + 5 * i + r), test.classNames().get(test.label(20 + 5 * i + r)),
                        0.99 - 0.01 * r));
            }
            retrievals.add(new Retrieval(test.picture(i), test.classNames().get(test.label(i)),
                    test.classNames().get(i % 3 == 0 ? test.label(i) : 9), nearest));
        }
        return new ProbeReport("Features of checkpoint.safetensors on fashion-mnist", numbers, "Made up.", numbers, retrievals, card());
    }

    static RunCard card() {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("test_accuracy", 0.8342);
        result.put("parameters", 1_203_466L);
        return new RunCard("0.1.0", Optional.of("0123456789abcdef0123456789abcdef01234567-dirty"),
                List.of("tessella", "train", "--model", "soft-moe-tiny", "--data", "fashion-mnist", "--epochs", "25",
                        "--batch", "32", "--learning-rate", "0.002", "--weight-decay", "0.05", "--seed", "1"),
                1, new Machine("OpenJDK 64-Bit Server VM 25.0.3+9-LTS (Eclipse Adoptium)", "Linux amd64",
                        "Intel(R) Xeon(R) Processor", 2, 512), "fashion-mnist",
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa", result);
    }

    private static TrainingCurve curve(Random random) {
        List<TrainingCurve.Epoch> epochs = new ArrayList<>();
        for (int e = 1; e <= 25; e++) {
            double loss = 0.55 + 1.5 * Math.exp(-e / 4.0);
            epochs.add(new TrainingCurve.Epoch(e, loss + 0.02 * random.nextGaussian(),
                    0.9 - 0.5 * Math.exp(-e / 4.0), loss + 0.1 + 0.03 * random.nextGaussian(),
                    0.835 - 0.4 * Math.exp(-e / 4.0) + 0.01 * random.nextGaussian()));
        }
        List<TrainingCurve.Rate> rates = new ArrayList<>();
        for (int step = 1; step <= 4200; step++) {
            double rate = step < 210 ? 2e-3 * step / 210
                    : 1e-3 * (1 + Math.cos(Math.PI * (step - 210) / (4200.0 - 210)));
            rates.add(new TrainingCurve.Rate(step, rate));
        }
        return new TrainingCurve(epochs, rates);
    }

    private static List<SamplePrediction> samples(ImageSet test, int[] predictions, Random random) {
        List<SamplePrediction> samples = new ArrayList<>();
        int right = 0;
        int wrong = 0;
        for (int i = 0; i < test.size() && (right < 12 || wrong < 12); i++) {
            boolean hit = predictions[i] == test.label(i);
            if (hit ? right++ < 12 : wrong++ < 12) {
                float[] p = new float[test.classNames().size()];
                float sum = 0;
                for (int c = 0; c < p.length; c++) {
                    p[c] = (float) Math.exp(random.nextGaussian() + (c == predictions[i] ? hit ? 5 : 3.2 : 0));
                    sum += p[c];
                }
                for (int c = 0; c < p.length; c++) {
                    p[c] /= sum;
                }
                samples.add(new SamplePrediction(test.picture(i), test.label(i), p));
            }
        }
        return samples;
    }

    private static RoutingFigure routing(ImageSet test, String layer, double sharpness, Random random) {
        RoutingStatistics statistics = new RoutingStatistics(TOKENS, EXPERTS, SLOTS);
        List<RoutedPicture> pictures = new ArrayList<>();
        double[][] taste = new double[EXPERTS * SLOTS][3];
        for (double[] one : taste) {
            for (int k = 0; k < one.length; k++) {
                one[k] = random.nextGaussian();
            }
        }
        for (int i = 0; i < 40; i++) {
            Picture picture = test.picture(i);
            float[][] dispatch = weights(picture, taste, sharpness, random, Axis.COLUMNS);
            statistics.add(dispatch, weights(picture, taste, sharpness, random, Axis.ROWS));
            if (i < 6) {
                pictures.add(new RoutedPicture(picture, test.classNames().get(test.label(i)), dispatch));
            }
        }
        return new RoutingFigure(layer, GRID, GRID, List.of(0, 3, 5, 8, 11, 14), pictures, statistics);
    }

    private enum Axis { ROWS, COLUMNS }

    /** Slots that like bright patches, or a side of the picture, more or less. */
    private static float[][] weights(Picture picture, double[][] taste, double sharpness, Random random, Axis axis) {
        int slots = taste.length;
        double[][] exp = new double[TOKENS][slots];
        double[] rows = new double[TOKENS];
        double[] columns = new double[slots];
        for (int i = 0; i < TOKENS; i++) {
            double bright = 0;
            int side = picture.height() / GRID;
            for (int k = 0; k < side * side; k++) {
                bright += picture.value(i / GRID * side + k / side, i % GRID * side + k % side, 0) / 255.0;
            }
            for (int j = 0; j < slots; j++) {
                double logit = taste[j][0] * (bright / (side * side) - 0.4) + taste[j][1] * (i / GRID - 3) / 6.0
                        + taste[j][2] * (i % GRID - 3) / 6.0 + 0.15 * random.nextGaussian();
                exp[i][j] = Math.exp(sharpness * logit / 1.5);
                rows[i] += exp[i][j];
                columns[j] += exp[i][j];
            }
        }
        float[][] result = new float[TOKENS][slots];
        for (int i = 0; i < TOKENS; i++) {
            for (int j = 0; j < slots; j++) {
                result[i][j] = (float) (exp[i][j] / (axis == Axis.ROWS ? rows[i] : columns[j]));
            }
        }
        return result;
    }
}

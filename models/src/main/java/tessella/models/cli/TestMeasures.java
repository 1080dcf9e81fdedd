package tessella.models.cli;

import java.util.List;
import java.util.stream.IntStream;
import tessella.models.data.ImageSet;
import tessella.models.measure.Metrics;
import tessella.models.report.TestResult;
import tessella.models.train.Evaluation;

/**
 * What the test or the validation pictures tell, beside accuracy and loss.
 *
 * @param result  for the report
 * @param numbers in the order in which they are told
 */
record TestMeasures(TestResult result, List<Number> numbers) {
    /** As in Guo et al. 2017. */
    private static final int CALIBRATION_BINS = 15;

    /** A number with its name in small letters, and what to know about it. */
    record Number(String name, double value, String note) {}

    /** As a run card names a number of the test or the validation pictures: "test_top5_accuracy". */
    static String key(String pictures, String name) {
        return pictures + "_" + name.replace("-5", "5").replaceAll("[ -]", "_");
    }

    static TestMeasures of(ImageSet pictures, Evaluation test) {
        return pictures.hasManyClasses() ? ofManyClasses(pictures, test) : ofOneClass(pictures, test);
    }

    private static TestMeasures ofOneClass(ImageSet pictures, Evaluation test) {
        float[][] p = test.probabilities();
        int[] labels = pictures.labels();
        return new TestMeasures(TestResult.OneClass.of(pictures.classNames(), labels, test.predictions(), p), List.of(
                new Number("top-5 accuracy", Metrics.topK(p, labels, 5), "of the test pictures"),
                new Number("mean average precision", Metrics.meanAveragePrecision(p,
                        Metrics.oneAgainstTheRest(labels, pictures.classNames().size())), "each class against the rest"),
                new Number("calibration error", Metrics.calibrationError(p, labels, CALIBRATION_BINS),
                        "expected, " + CALIBRATION_BINS + " bins")));
    }

    private static TestMeasures ofManyClasses(ImageSet pictures, Evaluation test) {
        float[][] p = test.probabilities();
        boolean[][] truth = truth(pictures);
        int k = Math.min(3, pictures.classNames().size());
        return new TestMeasures(new TestResult.SeveralClasses(pictures.classNames(), p, truth), List.of(
                new Number("mean average precision", Metrics.meanAveragePrecision(p, truth), "over the classes"),
                new Number("recall at " + k, Metrics.recallAt(p, truth, k), "classes of a picture among its " + k + " most probable"),
                new Number("micro F1", Metrics.microF1(p, truth, 0.5), "decisions at 1/2"),
                new Number("macro F1", Metrics.macroF1(p, truth, 0.5), "mean over the classes"),
                new Number("calibration error", Metrics.binaryCalibrationError(p, truth, CALIBRATION_BINS),
                        "of decisions, " + CALIBRATION_BINS + " bins")));
    }

    /** For each picture and class, whether it is there. */
    static boolean[][] truth(ImageSet pictures) {
        return IntStream.range(0, pictures.size()).mapToObj(i -> {
            boolean[] row = new boolean[pictures.classNames().size()];
            pictures.classes(i).forEach(c -> row[c] = true);
            return row;
        }).toArray(boolean[][]::new);
    }
}

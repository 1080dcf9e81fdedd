package tessella.models.cli;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tessella.models.data.ImageSet;

/** A number that the card of a run holds of the test and of the validation pictures, and that runs can be compared by. */
enum Measure {
    ACCURACY("accuracy"),
    LOSS("loss"),
    TOP_5_ACCURACY("top-5 accuracy"),
    MEAN_AVERAGE_PRECISION("mean average precision"),
    RECALL_AT_3("recall at 3"),
    MICRO_F1("micro F1"),
    MACRO_F1("macro F1"),
    CALIBRATION_ERROR("calibration error");

    private final String text;

    Measure(String text) {
        this.text = text;
    }

    /** Its name for people. */
    String text() {
        return text;
    }

    /** How the command line names it: "micro-f1". */
    String word() {
        return text.toLowerCase(Locale.ROOT).replace(' ', '-');
    }

    /** Those of pictures with one class, or with any number of classes; the first counts. */
    static List<Measure> of(ImageSet pictures) {
        if (!pictures.hasManyClasses()) {
            return List.of(ACCURACY, LOSS, TOP_5_ACCURACY, MEAN_AVERAGE_PRECISION, CALIBRATION_ERROR);
        }
        // recall is at fewer where there are fewer classes
        return Stream.of(MEAN_AVERAGE_PRECISION, ACCURACY, LOSS, RECALL_AT_3, MICRO_F1, MACRO_F1, CALIBRATION_ERROR)
                .filter(measure -> measure != RECALL_AT_3 || pictures.classNames().size() >= 3).toList();
    }

    /** What a word names, if it names something. */
    static Optional<Measure> of(String word) {
        return Stream.of(values()).filter(measure -> measure.word().equals(word)).findFirst();
    }
}

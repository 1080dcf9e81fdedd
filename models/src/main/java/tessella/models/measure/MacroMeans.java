package tessella.models.measure;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Means over the classes that have a picture, each class counting the same; a precision that is not defined, because nothing was
 * said to be of the class, counts as 0. NaN if no class has a picture.
 *
 * @param precision mean of {@link Decisions#precision()}
 * @param recall    mean of {@link Decisions#recall()}
 * @param f1        mean of {@link Decisions#f1()}
 */
public record MacroMeans(double precision, double recall, double f1) {
    /** The means over some classes. */
    public static MacroMeans of(List<Decisions> classes) {
        return new MacroMeans(mean(classes, one -> one.truePositives() == 0 ? 0 : one.precision()),
                mean(classes, Decisions::recall), mean(classes, Decisions::f1));
    }

    private static double mean(List<Decisions> classes, ToDoubleFunction<Decisions> value) {
        return classes.stream().filter(one -> one.support() > 0).mapToDouble(value).average().orElse(Double.NaN);
    }
}

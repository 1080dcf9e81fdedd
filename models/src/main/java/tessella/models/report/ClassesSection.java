package tessella.models.report;

import java.util.ArrayList;
import java.util.List;
import tessella.models.measure.Decisions;
import tessella.models.measure.MacroMeans;
import tessella.models.measure.Metrics;

/** How well each class is found on pictures that may have several. */
record ClassesSection(TestResult.SeveralClasses result) implements Section {
    @Override
    public void write(Markup out) {
        out.open("section", "id", "classes").element("h2", "Class by class").line();
        if (result.truth().length == 0) {
            out.element("p", "Nothing was measured.", "class", "note").close().line();
            return;
        }
        out.element("p", "AP is the average precision of a class over all test pictures. Precision, recall and F1 are those of "
                + "the decisions at a probability of " + TestResult.SeveralClasses.THRESHOLD
                + ". The macro mean is that of the classes with pictures, a precision that is not defined counting as 0; "
                + "micro counts the decisions about all classes together.", "class", "note");
        new ClassTable(rows(), means()).write(out);
        out.close().line();
    }

    private List<Decisions> decisions() {
        return Decisions.of(result.probabilities(), result.truth(), TestResult.SeveralClasses.THRESHOLD);
    }

    private List<ClassTable.Row> rows() {
        double[] averagePrecisions = Metrics.averagePrecisions(result.probabilities(), result.truth());
        List<Decisions> decisions = decisions();
        List<ClassTable.Row> rows = new ArrayList<>();
        for (int c = 0; c < averagePrecisions.length; c++) {
            Decisions one = decisions.get(c);
            rows.add(new ClassTable.Row(result.classNames().get(c), averagePrecisions[c], one.precision(), one.recall(), one.f1(),
                    one.support()));
        }
        return rows;
    }

    private List<ClassTable.Row> means() {
        MacroMeans macro = MacroMeans.of(decisions());
        Decisions all = Decisions.sum(decisions());
        boolean[] truth = new boolean[Math.toIntExact(all.total())];
        float[] probabilities = new float[truth.length];
        int pictures = result.truth().length;
        int at = 0;
        for (int i = 0; i < pictures; i++) {
            System.arraycopy(result.truth()[i], 0, truth, at, result.truth()[i].length);
            System.arraycopy(result.probabilities()[i], 0, probabilities, at, result.truth()[i].length);
            at += result.truth()[i].length;
        }
        return List.of(
                new ClassTable.Row("Macro mean", Metrics.meanAveragePrecision(result.probabilities(), result.truth()),
                        macro.precision(), macro.recall(), macro.f1(), pictures),
                new ClassTable.Row("Micro", Metrics.averagePrecision(probabilities, truth), all.precision(), all.recall(), all.f1(),
                        pictures));
    }
}

package tessella.models.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tessella.models.report.LineChart.Point;
import tessella.models.report.LineChart.Series;
import tessella.models.report.TrainingCurve.Epoch;
import tessella.models.report.TrainingCurve.Rate;

/** Loss, accuracy and learning rate over the run, and the numbers as a table. */
record CurvesSection(TrainingCurve curve) implements Section {
    private static final int MOST_RATES = 120;

    @Override
    public void write(Markup out) {
        out.open("section", "id", "curves").element("h2", "Training").open("div", "class", "charts").line();
        chart(out, "Loss", new LineChart("Loss by epoch", "epoch",
                List.of(series("training", "train", Epoch::trainLoss),
                        series("validation", "valid", Epoch::validationLoss)),
                Double.POSITIVE_INFINITY, loss -> Numbers.fixed(loss, 4)));
        chart(out, "Accuracy", new LineChart("Accuracy by epoch", "epoch",
                List.of(series("training", "train", Epoch::trainAccuracy),
                        series("validation", "valid", Epoch::validationAccuracy)),
                Double.POSITIVE_INFINITY, accuracy -> Numbers.fixed(accuracy, 4)));
        chart(out, "Learning rate", new LineChart("Learning rate by step", "step",
                List.of(new Series("learning rate", "rate", rates())), 0, Numbers::significant));
        out.close();
        table(out);
        out.close().line();
    }

    private Series series(String name, String style, ToDoubleFunction<Epoch> value) {
        return new Series(name, style, curve.epochs().stream()
                .map(epoch -> new Point(epoch.epoch(), value.applyAsDouble(epoch))).toList());
    }

    /** At most so many steps, evenly spread, the first and the last included. */
    private List<Point> rates() {
        List<Rate> all = curve.rates();
        int count = Math.min(MOST_RATES, all.size());
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Rate rate = all.get(count == 1 ? 0 : (int) ((long) i * (all.size() - 1) / (count - 1)));
            points.add(new Point(rate.step(), rate.learningRate()));
        }
        return points;
    }

    private static void chart(Markup out, String title, LineChart chart) {
        out.open("figure", "class", "card").open("figcaption").element("h3", title);
        if (chart.series().size() > 1) {
            out.open("span", "class", "legend");
            for (Series line : chart.series()) {
                out.open("span").open("svg", "viewBox", "0 0 26 8", "aria-hidden", "true")
                        .empty("path", "class", "line " + line.style(), "d", "M1 4L25 4").close();
                out.text(line.name()).close();
            }
            out.close();
        }
        out.close().line();
        chart.write(out);
        out.close().line();
    }

    private void table(Markup out) {
        out.open("details").element("summary", "The numbers, epoch by epoch");
        out.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", "Numbers of each epoch");
        out.open("table").open("thead").open("tr").element("th", "Epoch", "scope", "col");
        for (String name : List.of("Training loss", "Training accuracy", "Validation loss", "Validation accuracy")) {
            out.element("th", name, "scope", "col", "class", "number");
        }
        out.close().close().open("tbody").line();
        for (Epoch epoch : curve.epochs()) {
            out.open("tr").element("th", Integer.toString(epoch.epoch()), "scope", "row");
            for (double value : new double[] {epoch.trainLoss(), epoch.trainAccuracy(), epoch.validationLoss(),
                epoch.validationAccuracy()}) {
                out.element("td", Numbers.fixed(value, 4), "class", "number");
            }
            out.close().line();
        }
        out.close().close().close().close();
    }
}

package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.engine.Determinism;
import tessella.models.data.DataSplits;
import tessella.models.measure.FeatureProbe;
import tessella.models.measure.Features;
import tessella.models.measure.Interval;
import tessella.models.measure.Neighbours;
import tessella.models.report.Headline;
import tessella.models.report.Machine;
import tessella.models.report.ProbeReport;
import tessella.models.report.Retrieval;
import tessella.models.report.RunCard;
import tessella.models.report.RunDirectory;

/** What the probe command tells: lines to print, and the files of its folder. */
record ProbeResult(ProbeCommand command, DataSplits data, int width, FeatureProbe probe) {
    private static final int SHOWN = 12;
    private static final int SHOWN_NEIGHBOURS = 5;

    void print(PrintStream out) {
        out.println("features of width " + width + " of " + TrainingRun.group(data.train().size()) + " training and "
                + TrainingRun.group(data.test().size()) + " test pictures of " + data.name());
        for (Headline number : numbers()) {
            out.println(number.label() + " " + number.value() + (number.note().isEmpty() ? "" : " (" + number.note() + ")"));
        }
    }

    /** All numbers, with what to know about them. */
    private List<Headline> numbers() {
        FeatureProbe.Settings settings = command.settings();
        Interval few = probe.fewShotMean();
        List<Headline> out = new ArrayList<>();
        out.add(new Headline(settings.neighbours() + " nearest neighbours accuracy", EvalCommand.decimals(probe.neighbours()),
                "votes weighted by cosine"));
        out.add(new Headline(settings.shots() + "-shot ridge accuracy", EvalCommand.decimals(few.mean()),
                "95 % interval " + EvalCommand.decimals(few.low()) + " to " + EvalCommand.decimals(few.high()) + " of the mean over "
                        + few.count() + " draws"));
        out.add(new Headline("ridge accuracy", EvalCommand.decimals(probe.full()),
                "of all " + TrainingRun.group(data.train().size()) + " training pictures"));
        for (int i = 0; i < FeatureProbe.RECALLED.size(); i++) {
            out.add(new Headline("retrieval recall@" + FeatureProbe.RECALLED.get(i), EvalCommand.decimals(probe.recalls()[i]), ""));
        }
        return out;
    }

    /** Writes metrics, run card and report; returns the report. */
    Path write(RunDirectory directory, Features train, Features test, String checkpointSha256) throws IOException {
        for (int draw = 0; draw < probe.fewShot().length; draw++) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("kind", "draw");
            line.put("seed", draw + 1L);
            line.put("shots", (long) command.settings().shots());
            line.put("accuracy", probe.fewShot()[draw]);
            directory.metrics(line);
        }
        RunCard card = card(checkpointSha256);
        directory.write(card);
        List<Headline> numbers = numbers().stream().map(number -> new Headline(
                Character.toUpperCase(number.label().charAt(0)) + number.label().substring(1), number.value(), number.note())).toList();
        return directory.write(new ProbeReport("Features of " + command.checkpoint().getFileName() + " on " + data.name(),
                numbers.subList(0, 4), "By the frozen features, of width " + width + ", of " + TrainingRun.group(data.train().size())
                        + " training pictures; measured on " + TrainingRun.group(data.test().size())
                        + " test pictures. A test picture counts for recall@k if one of its k nearest training pictures is of its class.",
                numbers, retrievals(train, test), card));
    }

    private RunCard card(String checkpointSha256) {
        Interval few = probe.fewShotMean();
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("checkpoint_sha256", checkpointSha256);
        result.put("neighbours_accuracy", probe.neighbours());
        result.put("few_shot_accuracy", few.mean());
        result.put("few_shot_low", few.low());
        result.put("few_shot_high", few.high());
        result.put("ridge_accuracy", probe.full());
        for (int i = 0; i < FeatureProbe.RECALLED.size(); i++) {
            result.put("recall_at_" + FeatureProbe.RECALLED.get(i), probe.recalls()[i]);
        }
        // the first of the seeds of the draws, which follow one another
        return new RunCard(CommonOptions.version(), RunCard.commitOf(CommonOptions.home()), command.arguments(), 1,
                Machine.detect(Determinism.vectorBits()), data.name(), data.sha256(), result);
    }

    private List<Retrieval> retrievals(Features train, Features test) {
        Neighbours kept = Neighbours.of(train.rows(), train.labels());
        return Shown.places(data.test().size(), SHOWN, data.classNames().size(), i -> probe.predictions()[i] == test.labels()[i],
                i -> test.labels()[i]).stream().map(i -> retrieval(i,
                        kept.cosines(test.rows()[i], Arrays.copyOf(probe.nearest()[i], SHOWN_NEIGHBOURS)), train)).toList();
    }

    private Retrieval retrieval(int index, double[] cosines, Features train) {
        List<String> names = data.classNames();
        List<Retrieval.Neighbour> nearest = new ArrayList<>();
        for (int r = 0; r < cosines.length; r++) {
            int place = probe.nearest()[index][r];
            nearest.add(new Retrieval.Neighbour(data.train().picture(place), names.get(train.labels()[place]), cosines[r]));
        }
        return new Retrieval(data.test().picture(index), names.get(data.test().label(index)),
                names.get(probe.predictions()[index]), nearest);
    }
}

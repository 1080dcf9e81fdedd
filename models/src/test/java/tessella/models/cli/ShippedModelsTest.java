package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessella.engine.Memory;
import tessella.models.data.DataSplits;
import tessella.models.data.ShippedData;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;

/** The trained models of a clone. */
class ShippedModelsTest {
    private static final Path CLONE = CommonOptions.home();
    private static final Path CHECKPOINTS = CLONE.resolve("models/data/checkpoints");

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(CHECKPOINTS)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void eachHasACardAndTogetherTheyAreSmall() throws IOException {
        assertEquals(List.of("soft-moe-tiny-fashion-mnist.safetensors", "soft-moe-tiny-scenes.safetensors",
                "vit-tiny-fashion-mnist.safetensors"), names());
        long bytes = 0;
        for (String name : names()) {
            bytes += Files.size(CHECKPOINTS.resolve(name));
            String card = Files.readString(CLONE.resolve("docs/model-cards").resolve(name.replace(".safetensors", ".md")));
            try (Checkpoint checkpoint = Checkpoint.load(CHECKPOINTS.resolve(name))) {
                assertTrue(card.contains(checkpoint.origin().get("data_sha256")), name + ": the card names the data by their hash");
                assertTrue(card.contains(checkpoint.origin().get("command")), name + ": the card names the command");
            }
        }
        assertTrue(bytes < 6_000_000, bytes + " bytes");
    }

    @Test
    void commandsCallThemByTheirNames() {
        ProbeCommand probe = ProbeCommand.of(ProbeCommand.COMMAND.parse(List.of("vit-tiny-fashion-mnist")));
        assertEquals(List.of("tessella", "probe", "vit-tiny-fashion-mnist"), probe.arguments().subList(0, 3));
        List<String> words = TrainCommand.of(TrainCommand.COMMAND.parse(List.of("--from", "vit-tiny-fashion-mnist"))).recipe().words();
        assertEquals(List.of("--from", "vit-tiny-fashion-mnist"), words.subList(words.size() - 2, words.size()));
    }

    /** Well below what the cards say, well above what guessing gives: the files are what they are called. */
    @ParameterizedTest
    @CsvSource({"soft-moe-tiny-fashion-mnist, fashion-mnist, 0.80", "vit-tiny-fashion-mnist, fashion-mnist, 0.78",
        "soft-moe-tiny-scenes, scenes-presence, 0.65"})
    void eachKnowsItsTestPictures(String name, String data, double least) throws IOException {
        DataChoice choice = DataChoice.of(data).orElseThrow();
        DataSplits splits = choice.load(ShippedData.defaultRoot(), Optional.empty(), Optional.of(1));
        try (Checkpoint checkpoint = Checkpoint.load(CHECKPOINTS.resolve(name + ".safetensors"))) {
            double accuracy = Evaluation.of(checkpoint.model(), splits.test().first(1000), checkpoint.preprocessing(), 20).accuracy();
            assertTrue(accuracy >= least, name + " " + accuracy);
        }
    }

    @ParameterizedTest
    @CsvSource({"soft-moe-tiny-fashion-mnist, shirt.png, Shirt", "soft-moe-tiny-fashion-mnist, sneaker.png, Sneaker",
        "vit-tiny-fashion-mnist, bag.png, Bag", "soft-moe-tiny-scenes, scene-2.png, Symbols"})
    void predictNamesTheSamplesWithoutTraining(String name, String sample, String expected) {
        Ran predicted = Ran.of("predict", name, CLONE.resolve("models/data/samples").resolve(sample).toString());
        assertEquals(0, predicted.code(), predicted.err());
        String first = predicted.lines().get(1);
        assertTrue(first.endsWith(" " + expected), first);
    }
}

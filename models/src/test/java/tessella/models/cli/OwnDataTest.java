package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;

/** A user's own pictures, from training to prediction. */
class OwnDataTest {
    private static final String[] SHORT = {"--model", "vit-tiny", "--side", "16", "--batch", "8", "--epochs", "6", "--threads", "2",
        "--learning-rate", "2e-3"};

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Ran train(String data, Path out) {
        return Ran.of(Stream.of(new String[] {"train", "--data", data, "--out", out.toString()}, SHORT).flatMap(Stream::of)
                .toArray(String[]::new));
    }

    /** Red on the left half, blue on the right, or both, of another size each time. */
    private Path picture(String name, boolean red, boolean blue, int number) throws IOException {
        int side = 10 + number % 9;
        BufferedImage image = new BufferedImage(2 * side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                image.setRGB(x, y, red ? 0xe02020 : 0x404040 + number);
                image.setRGB(side + x, y, blue ? 0x2020e0 : 0x404040 + number);
            }
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    private static void assertGood(Ran result, String... parts) {
        assertEquals(0, result.code(), result.err());
        for (String part : parts) {
            assertTrue(result.out().contains(part), part + "\n" + result.out());
        }
    }

    @Test
    void aFolderOfClassesIsLearnedMeasuredAndNamed() throws IOException {
        for (int i = 0; i < 40; i++) {
            picture("pictures/red/" + i + ".png", true, false, i);
            picture("pictures/blue/" + i + ".png", false, true, i);
        }
        String data = folder.resolve("pictures").toString();
        Path out = folder.resolve("run");
        assertGood(train(data, out),
                data + ": 64 training, 8 validation, 8 test pictures", "test accuracy 1.0000");
        String model = out.resolve("checkpoint.safetensors").toString();
        assertGood(Ran.of("eval", model, "--data", data, "--side", "16"), "test accuracy 1.0000");
        String other = picture("other.png", false, true, 3).toString();
        Ran predicted = Ran.of("predict", model, other, "--top", "1");
        assertTrue(predicted.out().lines().skip(1).findFirst().orElseThrow().endsWith(" blue"), predicted.out());
    }

    @Test
    void aTableOfSeveralClassesIsToo() throws IOException {
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < 120; i++) {
            boolean red = i % 2 == 0;
            boolean blue = i % 3 == 0;
            picture("many/" + i + ".png", red, blue, i % 30);
            table.append("many/").append(i).append(".png,").append(red ? "red" : "").append(red && blue ? ";" : "")
                    .append(blue ? "blue" : "").append('\n');
        }
        String data = Files.writeString(folder.resolve("many.csv"), table).toString();
        Path out = folder.resolve("run");
        assertGood(train(data, out),
                data + ": 96 training, 12 validation, 12 test pictures");
        assertTrue(Files.readString(out.resolve("report.html")).contains("Mean average precision"));
        assertTrue(Files.readString(out.resolve("run-card.json")).contains("\"test_mean_average_precision\": 1"));
        String model = out.resolve("checkpoint.safetensors").toString();
        assertGood(Ran.of("eval", model, "--data", data, "--side", "16"), "test mean average precision 1.0000",
                "test micro F1 ");
        Ran both = Ran.of("predict", model, picture("both.png", true, true, 4).toString(),
            picture("none.png", false, false, 4).toString());
        assertGood(both);
        double[] probabilities = both.out().lines().filter(line -> line.startsWith("  "))
                .mapToDouble(line -> Double.parseDouble(line.strip().split(" ")[0])).toArray();
        assertTrue(probabilities[0] > 0.5 && probabilities[1] > 0.5, "each class on its own: " + both.out());
        assertTrue(probabilities[2] < 0.5 && probabilities[3] < 0.5, both.out());
        Ran probe = Ran.of("probe", model, "--data", data, "--side", "16");
        assertEquals(2, probe.code());
        assertTrue(probe.err().startsWith("probe: expected pictures of one class each"), probe.err());
    }
}

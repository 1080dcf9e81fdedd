package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long now;

    @Test
    void plainLinesComeAtMostEveryTenSeconds() {
        try (Progress progress = progress(Progress.Style.PLAIN, 80)) {
            for (int step = 1; step <= 250; step++) {
                progress.update(state(step, OptionalDouble.of(0.5)));
                now += 100_000_000; // a tenth of a second a step
            }
        }
        assertEquals("""
                epoch 1/10  step 1/1000  loss 1.2346  validation 0.5000  off-heap 12 MB, peak 35 MB
                epoch 2/10  step 101/1000  loss 1.2346  validation 0.5000  320 images/s  ETA 1:30  \
                off-heap 12 MB, peak 35 MB
                epoch 3/10  step 201/1000  loss 1.2346  validation 0.5000  320 images/s  ETA 1:20  \
                off-heap 12 MB, peak 35 MB
                epoch 3/10  step 250/1000  loss 1.2346  validation 0.5000  317 images/s  ETA 1:16  \
                off-heap 12 MB, peak 35 MB
                """, text());
    }

    @Test
    void aTerminalHasOneLineThatIsRewritten() {
        try (Progress progress = progress(Progress.Style.REWRITTEN, 80)) {
            for (int step = 1; step <= 20; step++) {
                progress.update(state(step, OptionalDouble.empty()));
                now += 20_000_000;
            }
        }
        String[] writes = text().split("\r");
        assertEquals("", writes[0]);
        assertEquals("epoch 1/10 step 1/1000 loss 1.2346 12/35 MB", writes[1]);
        assertEquals("epoch 1/10 step 6/1000 loss 1.2346 1600/s ETA 0:20 12/35 MB", writes[2]);
        assertEquals(4 + 1 + 1, writes.length, "the first, one each tenth of a second, the last");
        assertTrue(text().endsWith(" MB\n"), text());
    }

    @Test
    void aShorterLineWipesALongerOne() {
        try (Progress progress = progress(Progress.Style.REWRITTEN, 80)) {
            progress.update(state(999, OptionalDouble.of(1)));
            now += 1_000_000_000;
            progress.update(state(1, OptionalDouble.empty()));
        }
        String[] writes = text().stripTrailing().split("\r");
        assertEquals(writes[1].length(), text().split("\r")[2].replace("\n", "").length());
    }

    @Test
    void aNarrowTerminalGetsTheFirstWords() {
        try (Progress progress = progress(Progress.Style.REWRITTEN, 40)) {
            progress.update(state(1, OptionalDouble.of(0.25)));
        }
        assertEquals("\repoch 1/10 step 1/1000 loss 1.2346\n", text());
    }

    @Test
    void aLineThatStaysReplacesTheProgress() {
        try (Progress progress = progress(Progress.Style.REWRITTEN, 80)) {
            progress.update(state(1, OptionalDouble.empty()));
            progress.line("epoch 1 done");
        }
        int width = "epoch 1/10 step 1/1000 loss 1.2346 12/35 MB".length();
        assertEquals("\repoch 1/10 step 1/1000 loss 1.2346 12/35 MB\r" + " ".repeat(width) + "\repoch 1 done\n",
                text());
    }

    @Test
    void speedFollowsTheLastSeconds() {
        try (Progress progress = progress(Progress.Style.PLAIN, 80)) {
            for (int step = 1; step <= 300; step++) {
                progress.update(state(step, OptionalDouble.empty()));
                now += step < 100 ? 1_000_000_000 : 100_000_000; // slow at first, as a cold machine is
            }
        }
        String last = Arrays.stream(text().split("\n")).reduce((a, b) -> b).orElseThrow();
        assertTrue(last.contains("ETA 1:1") && last.contains(" 31"), last); // 700 steps, ten a second
    }

    @Test
    void hoursAreTold() {
        try (Progress progress = progress(Progress.Style.PLAIN, 80)) {
            progress.update(state(1, OptionalDouble.empty()));
            now += 10_000_000_000L;
            progress.update(state(2, OptionalDouble.empty()));
        }
        assertTrue(text().contains("ETA 2:46:20"), text());
    }

    @Test
    void otherWorkCountsItsPictures() {
        try (Progress progress = progress(Progress.Style.PLAIN, 80)) {
            for (int images = 20; images <= 3000; images += 20) {
                progress.update(new Progress.Pictures("features", images, 3000, 1_000_000, 2_000_000));
                now += 100_000_000;
            }
        }
        assertEquals("""
                features 20/3000  off-heap 1 MB, peak 2 MB
                features 2020/3000  200 images/s  ETA 0:05  off-heap 1 MB, peak 2 MB
                features 3000/3000  198 images/s  ETA 0:00  off-heap 1 MB, peak 2 MB
                """, text());
    }

    private Progress progress(Progress.Style style, int columns) {
        return new Progress(new PrintStream(bytes, true, StandardCharsets.UTF_8), () -> now, style, columns);
    }

    private static Progress.State state(int step, OptionalDouble validation) {
        return new Progress.State(1 + step / 100, 10, step, 1000, step * 32L, 1.23456, validation, 12_000_000,
                34_600_000);
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}

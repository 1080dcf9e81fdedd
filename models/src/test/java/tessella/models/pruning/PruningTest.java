package tessella.models.pruning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Gradients;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.data.DataSplits;
import tessella.models.data.ShippedData;

class PruningTest {
    private static final double[] KERNEL = {0.5, -0.4, 0.39, 0.1, -0.05, 0.02};

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static double[][] selected(Pruning pruning, int kept, double progress, double scale) {
        try (Tape tape = Tape.record()) {
            Tensor kernel = tape.watch(Tensor.of(Scope.current(), Shape.of(2, 3), Arrays.stream(KERNEL).map(w -> scale * w).toArray()));
            Tensor y = pruning.select(kernel, kept, progress).keep();
            Gradients gradients = tape.gradients(Reductions.sum(y));
            return new double[][] {y.toDoubles(), gradients.of(kernel).toDoubles()};
        }
    }

    @Test
    void hardPruningKeepsTheLargestAndTeachesThemAlone() {
        double[][] found = selected(new Pruning.Hard(), 2, 0.5, 1);
        assertArrayEquals(new double[] {0.5, -0.4, 0, 0, 0, 0}, found[0]);
        assertArrayEquals(new double[] {1, 1, 0, 0, 0, 0}, found[1]);
    }

    @Test
    void softPruningLetsNearWeightsShareAndHardensAsItGoesOn() {
        Pruning soft = new Pruning.Soft(2, 1, 0.01);
        double[][] early = selected(soft, 2, 0, 1);
        // 0.4 / 2 is below 0.39: they share
        assertTrue(Math.abs(early[0][2]) > 0 && early[1][2] != 0, Arrays.toString(early[0]));
        double[][] late = selected(soft, 2, 1, 1);
        // 0.4 / 1.01 is above 0.39
        assertArrayEquals(new double[] {0.5, -0.4, 0, 0, 0, 0}, late[0]);
    }

    @Test
    void theScaleOfTheWeightsDoesNotMatter() {
        for (double p : new double[] {2, 4.0 / 3}) {
            double[] one = selected(new Pruning.Soft(p, 0.8, 0.01), 2, 0.3, 1)[0];
            double[] small = selected(new Pruning.Soft(p, 0.8, 0.01), 2, 0.3, 1e-3)[0];
            for (int i = 0; i < one.length; i++) {
                assertEquals(one[i], 1e3 * small[i], 1e-9, "p = " + p);
            }
        }
    }

    @Test
    void aRunKeepsTheShareThatItShouldAndRepeatsItself() throws IOException {
        DataSplits digits = ShippedData.DIGITS.load(ShippedData.defaultRoot()).limitTraining(400);
        PruningRun.Settings settings = new PruningRun.Settings(List.of(24), 6, 50, 3e-3, 0.1, 0.6);
        for (Pruning pruning : List.of(new Pruning.Hard(), new Pruning.Soft(2, 0.3, 0.01), new Pruning.Soft(4.0 / 3, 0.3, 0.01))) {
            List<Double> losses = new ArrayList<>();
            PruningRun.Result result = new PruningRun(digits, settings, pruning, 0.9, 3).run((_, _, loss) -> losses.add(loss));
            assertEquals(Math.round(64 * 24 * 0.1), result.left());
            assertEquals(result.left() + 24 * 10, result.multiplyAdds());
            assertEquals(6, losses.size());
            assertTrue(losses.getLast() < 0.8 * losses.getFirst(), losses.toString());
            assertTrue(result.validation() > 0.5, pruning + " " + result);
            assertEquals(result, new PruningRun(digits, settings, pruning, 0.9, 3).run((_, _, _) -> { }));
        }
    }

    @Test
    void badSettingsAreRefused() throws IOException {
        DataSplits digits = ShippedData.DIGITS.load(ShippedData.defaultRoot());
        assertThrows(IllegalArgumentException.class, () -> new Pruning.Soft(2, 0.1, 0.2));
        assertThrows(IllegalArgumentException.class, () -> new PruningRun(digits, PruningRun.Settings.of(1), new Pruning.Hard(), 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new PruningRun.Settings(List.of(3), 1, 1, 1, 0.5, 0.5));
    }
}

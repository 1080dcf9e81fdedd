package tessella.models.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;
import tessella.engine.transport.SolverOptions;
import tessella.models.data.Picture;

class ColourTransferTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** Pixels about one colour. */
    private static Picture about(long seed, int red, int green, int blue) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] pixels = new byte[24 * 24 * 3];
        int[] centre = {red, green, blue};
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (centre[i % 3] + random.nextInt(-20, 21));
        }
        return Picture.of(24, 24, 3, pixels);
    }

    private static double mean(Picture picture, int channel) {
        double sum = 0;
        for (int i = 0; i < 24 * 24; i++) {
            sum += picture.value(i / 24, i % 24, channel);
        }
        return sum / (24 * 24);
    }

    @Test
    void thePictureGetsTheMeanColourOfTheOtherWhereThePlanIsFeasible() {
        Picture target = about(2, 40, 160, 200);
        ColourTransfer transfer = new ColourTransfer(about(1, 200, 80, 50), target, 24, 1);
        ColourTransfer.Sparse quadratic = transfer.sparse(24, 1, SolverOptions.DEFAULT);
        assertTrue(quadratic.transferred().marginalError() < 1e-8);
        ColourTransfer.Transferred entropic = transfer.entropic(0.01, 1e-9, 5000);
        for (Picture picture : new Picture[] {quadratic.transferred().picture(), entropic.picture()}) {
            for (int c = 0; c < 3; c++) {
                // the columns' sums are the shares of the colours: so is the mean, but for rounding to bytes
                assertEquals(mean(target, c), mean(picture, c), 1, "channel " + c);
            }
        }
        assertEquals(24, entropic.densest(), "an entropic plan has no zeros");
        assertTrue(quadratic.transferred().densest() < 24);
        // the entropic plan has another goal than the cost
        assertTrue(quadratic.transferred().cost() < entropic.cost());
    }

    @Test
    void columnsHaveAtMostKEntriesAndWhatIsInfeasibleIsSaid() {
        ColourTransfer transfer = new ColourTransfer(about(3, 120, 90, 60), about(4, 60, 90, 120), 20, 1);
        for (int k : new int[] {1, 2, 3}) {
            ColourTransfer.Sparse sparse = transfer.sparse(k, 1, SolverOptions.DEFAULT);
            assertTrue(sparse.transferred().densest() <= k);
            assertTrue(sparse.transferred().entries() <= 20 * k);
            assertEquals(sparse.result().marginalError(), sparse.transferred().marginalError());
        }
        assertEquals(transfer.from().size(), 20);
    }

    @Test
    void aPictureKeepsItsOwnColours() {
        Picture picture = about(5, 100, 100, 100);
        ColourTransfer transfer = new ColourTransfer(picture, picture, 16, 1);
        // with gamma small the plan is the identity
        ColourTransfer.Sparse sparse = transfer.sparse(16, 1e-3, SolverOptions.DEFAULT);
        assertEquals(0, sparse.transferred().cost(), 1e-9);
        assertEquals(transfer.quantised(), sparse.transferred().picture());
    }
}

package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessella.engine.json.Json;

class PreprocessingTest {
    @Test
    void symmetricMapsBlackAndWhiteToMinusAndPlusOne() {
        float[] values = Preprocessing.symmetric(1, 3, 1).apply(Picture.of(1, 3, 1, new byte[] {0, (byte) 255, 51}));
        assertArrayEquals(new float[] {-1, 1, -0.6f}, values, 1e-7f);
    }

    @Test
    void standardisingGivesMeanZeroAndVarianceOne() throws IOException {
        ImageSet train = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot()).train();
        Preprocessing preprocessing = Preprocessing.standardising(train);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < train.size(); i++) {
            for (float x : preprocessing.apply(train.picture(i))) {
                sum += x;
                squares += (double) x * x;
            }
        }
        double count = train.size() * 784.0;
        assertEquals(0, sum / count, 1e-7);
        assertEquals(1, squares / count, 1e-6);
        assertEquals(0.286, preprocessing.mean().get(0), 0.003); // the whole set has 0.2860 and 0.3530
        assertEquals(0.353, preprocessing.std().get(0), 0.003);
    }

    @Test
    void eachChannelHasItsOwnNumbers() {
        Preprocessing preprocessing = new Preprocessing(1, 1, 3, List.of(0.0, 0.5, 1.0), List.of(1.0, 0.5, 0.25));
        assertArrayEquals(new float[] {1, 1, 0},
                preprocessing.apply(Picture.of(1, 1, 3, new byte[] {-1, -1, -1})), 1e-7f);
    }

    @Test
    void bringsAPictureToSizeAndChannels() {
        float[] values = Preprocessing.symmetric(2, 2, 3).apply(Picture.of(4, 4, 1, new byte[16]));
        assertEquals(12, values.length);
        assertEquals(-1, values[11]);
    }

    @Property(tries = 200)
    void survivesJson(@ForAll @IntRange(min = 1, max = 1000) int height, @ForAll @IntRange(min = 1, max = 1000)
            int width, @ForAll @DoubleRange(min = -1, max = 1) double mean,
            @ForAll @DoubleRange(min = 0.01, max = 2) double std) {
        Preprocessing preprocessing = new Preprocessing(height, width, 1, List.of(mean), List.of(std));
        assertEquals(preprocessing, Preprocessing.fromJson(Json.parse(Json.write(preprocessing.toJson()))));
    }

    @Test
    void refusesWhatItCannotDo() {
        assertMessage("preprocessing: expected a mean and a std for each of 3 channels, found [0.0] and [1.0]",
                () -> new Preprocessing(1, 1, 3, List.of(0.0), List.of(1.0)));
        assertMessage("preprocessing: expected finite means and positive stds, found [0.0] and [0.0]",
                () -> new Preprocessing(1, 1, 1, List.of(0.0), List.of(0.0)));
        assertMessage("preprocessing: expected pictures with more than one value, found "
                        + "flat: 1 pictures of 1 x 2 x 1 in 1 classes",
                () -> Preprocessing.standardising(ImageSet.of("flat", 1, 2, 1, new byte[] {7, 7}, new int[1],
                        List.of("a"), "")));
        assertMessage("preprocessing: expected the fields [height, width, channels, mean, std], found [height]",
                () -> Preprocessing.fromJson(Json.parse("{\"height\": 3}")));
        assertMessage("preprocessing.width: expected 1 to 32768, found 4294967297", () -> Preprocessing.fromJson(
                Json.parse("{\"height\":1,\"width\":4294967297,\"channels\":1,\"mean\":[0],\"std\":[1]}")));
        assertMessage("preprocessing.mean: expected a number, found the string \"0\"", () -> Preprocessing.fromJson(
                Json.parse("{\"height\":1,\"width\":1,\"channels\":1,\"mean\":[\"0\"],\"std\":[1]}")));
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}

package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Random;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;

class PngTest {
    @Property(tries = 200)
    void theJdkReadsWhatIsWritten(@ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 40) int width, @ForAll long seed) throws IOException {
        for (int channels : new int[] {1, 3}) {
            byte[] pixels = new byte[height * width * channels];
            new Random(seed).nextBytes(pixels);
            Picture picture = Picture.of(height, width, channels, pixels);
            assertEquals(picture, PictureReader.read(decode(Png.dataUri(picture))));
        }
    }

    @Test
    void picturesOfMoreThanOneBlockAreWholeToo() throws IOException {
        byte[] pixels = new byte[300 * 301 * 3];
        new Random(1).nextBytes(pixels);
        Picture picture = Picture.of(300, 301, 3, pixels);
        assertEquals(picture, PictureReader.read(decode(Png.dataUri(picture))));
    }

    @Test
    void opacityIsKept() throws IOException {
        byte[] rgba = {1, 2, 3, 4, 5, 6, 7, (byte) 255};
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(decode(Png.dataUri(1, 2, rgba))));
        byte[] found = new byte[8];
        for (int i = 0; i < 8; i++) {
            found[i] = (byte) image.getRaster().getSample(i / 4, 0, i % 4);
        }
        assertArrayEquals(rgba, found);
    }

    private static byte[] decode(String uri) {
        return Base64.getDecoder().decode(uri.substring("data:image/png;base64,".length()));
    }
}

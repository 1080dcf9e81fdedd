package tessella.models.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads a user's picture: PNG, JPEG, GIF, BMP, TIFF and whatever else the platform's image readers know. Grey stays
 * grey, everything else becomes red, green and blue in sRGB; what is transparent shows white behind it. The first
 * picture of a file counts; the rotation that a camera notes beside a picture is not applied.
 *
 * <p>The only class of the library that needs the module {@code java.desktop}. Stateless.
 */
public final class PictureReader {
    /** The most pixels a picture may have: a file of a few bytes can claim any number. */
    public static final long MAX_PIXELS = 100_000_000;

    private PictureReader() {
    }

    /**
     * Reads a picture from a file.
     *
     * @param file the file
     * @return the picture at its own size
     * @throws IOException if there is no such file or it is no picture
     */
    public static Picture read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new DataException("%s: expected a picture file, found %s".formatted(file,
                    Files.isDirectory(file) ? "a folder" : "none"));
        }
        return read(Files.readAllBytes(file), file.toString());
    }

    /**
     * Reads a picture from a stream, to its end; the caller closes it.
     *
     * @param stream the bytes of a picture file
     * @return the picture at its own size
     * @throws IOException if reading fails or the bytes are no picture
     */
    public static Picture read(InputStream stream) throws IOException {
        return read(stream.readAllBytes());
    }

    /**
     * Reads a picture from bytes.
     *
     * @param file the bytes of a picture file
     * @return the picture at its own size
     * @throws IOException if the bytes are no picture
     */
    public static Picture read(byte[] file) throws IOException {
        return read(file, "picture");
    }

    /**
     * Takes over a picture that is already decoded.
     *
     * @param image the picture
     * @return a copy at its own size
     */
    public static Picture of(BufferedImage image) {
        ColorModel model = image.getColorModel();
        return model.getColorSpace().getType() == ColorSpace.TYPE_GRAY && !(model instanceof IndexColorModel)
                ? grey(image) : colour(image);
    }

    private static Picture read(byte[] file, String name) throws IOException {
        try (MemoryCacheImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
            if (!readers.hasNext()) {
                throw new DataException("%s: expected a picture (PNG, JPEG, GIF, BMP or TIFF), found %d other bytes"
                        .formatted(name, file.length));
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(stream, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > MAX_PIXELS) {
                    throw new DataException("%s: expected a picture of at most %d pixels, found %d x %d".formatted(
                            name, MAX_PIXELS, reader.getWidth(0), reader.getHeight(0)));
                }
                return of(reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) { // the platform's readers throw both on damaged files
            throw new DataException("%s: expected a picture, found a damaged or unsupported file (%s)".formatted(name,
                    e.getMessage()), e);
        }
    }

    /** Takes the samples as they are: the platform's own way to RGB would brighten them, it takes grey for linear. */
    private static Picture grey(BufferedImage image) {
        Raster raster = image.getRaster();
        int height = image.getHeight();
        int width = image.getWidth();
        ColorModel model = image.getColorModel();
        double scale = 255.0 / ((1 << model.getComponentSize(0)) - 1);
        double alphaScale = model.hasAlpha() ? 1.0 / ((1 << model.getComponentSize(1)) - 1) : 0;
        byte[] pixels = new byte[height * width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double value = raster.getSample(x, y, 0) * scale;
                if (model.hasAlpha()) {
                    double alpha = raster.getSample(x, y, 1) * alphaScale;
                    value = (model.isAlphaPremultiplied() ? value : alpha * value) + (1 - alpha) * 255;
                }
                pixels[y * width + x] = (byte) Math.round(value);
            }
        }
        return Picture.of(height, width, 1, pixels);
    }

    private static Picture colour(BufferedImage image) {
        int height = image.getHeight();
        int width = image.getWidth();
        byte[] pixels = new byte[height * width * 3];
        int[] row = new int[width];
        for (int y = 0; y < height; y++) {
            image.getRGB(0, y, width, 1, row, 0, width);
            for (int x = 0; x < width; x++) {
                int alpha = row[x] >>> 24;
                for (int c = 0; c < 3; c++) {
                    int value = row[x] >> 16 - 8 * c & 0xff;
                    pixels[(y * width + x) * 3 + c] = (byte) Math.round((alpha * value + (255 - alpha) * 255) / 255.0);
                }
            }
        }
        return Picture.of(height, width, 3, pixels);
    }
}

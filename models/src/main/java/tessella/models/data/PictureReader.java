package tessella.models.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads a user's picture: PNG, JPEG, GIF or BMP, told by its first bytes and decoded by the platform's own readers, whatever
 * others are installed. Grey stays grey, everything else becomes red, green and blue in sRGB; what is transparent shows white
 * behind it. The first picture of a file counts, where it lies on the screen of a GIF file. A JPEG or PNG file is turned the right
 * way up, as its Exif orientation says. JPEG files in CMYK are refused: without the printer's profile their colours are a guess.
 *
 * <p>The only class of the library that needs the module {@code java.desktop}. Stateless.
 */
public final class PictureReader {
    /** The most pixels a picture may have unless another number is given: a file of a few bytes can claim any. */
    public static final long MAX_PIXELS = 100_000_000;
    /** No encoding of a pixel needs more; what else a file holds must fit in the rest. */
    private static final long BYTES_A_PIXEL = 8;
    private static final long OTHER_BYTES = 1 << 24;

    private PictureReader() {
    }

    /**
     * Reads a picture of at most {@link #MAX_PIXELS} from a file.
     *
     * @param file the file
     * @return the picture at its own size, upright
     * @throws IOException if there is no such file or it is no picture
     */
    public static Picture read(Path file) throws IOException {
        return read(file, MAX_PIXELS);
    }

    /**
     * Reads a picture from a file. A picture of more pixels is refused by the header of the file, before memory for its
     * pixels is taken.
     *
     * @param file   the file
     * @param pixels the most pixels it may have, at least 1
     * @return the picture at its own size, upright
     * @throws IOException if there is no such file, it is no picture, or it has more pixels
     */
    public static Picture read(Path file, long pixels) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new DataException("%s: expected a picture file, found %s".formatted(file,
                    Files.isDirectory(file) ? "a folder" : "none"));
        }
        try (InputStream stream = Files.newInputStream(file)) {
            return read(stream, Files.size(file), file.toString(), pixels);
        }
    }

    /**
     * Reads a picture of at most {@link #MAX_PIXELS} from a stream, to its end; the caller closes it.
     *
     * @param stream the bytes of a picture file
     * @return the picture at its own size, upright
     * @throws IOException if reading fails or the bytes are no picture
     */
    public static Picture read(InputStream stream) throws IOException {
        return read(stream.readNBytes((int) (MAX_PIXELS * BYTES_A_PIXEL + 2 * OTHER_BYTES))); // more is refused
    }

    /**
     * Reads a picture of at most {@link #MAX_PIXELS} from bytes.
     *
     * @param file the bytes of a picture file
     * @return the picture at its own size, upright
     * @throws IOException if the bytes are no picture
     */
    public static Picture read(byte[] file) throws IOException {
        return read(file, MAX_PIXELS);
    }

    /**
     * Reads a picture from bytes.
     *
     * @param file   the bytes of a picture file
     * @param pixels the most pixels it may have, at least 1
     * @return the picture at its own size, upright
     * @throws IOException if the bytes are no picture, or one of more pixels
     */
    public static Picture read(byte[] file, long pixels) throws IOException {
        return read(new ByteArrayInputStream(file), file.length, "picture", pixels);
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

    private static Picture read(InputStream file, long bytes, String name, long largest) throws IOException {
        if (bytes / BYTES_A_PIXEL > largest + OTHER_BYTES / BYTES_A_PIXEL) {
            throw new DataException("%s: expected a picture of at most %d pixels, found a file of %d bytes".formatted(name,
                    largest, bytes));
        }
        try (MemoryCacheImageInputStream stream = new MemoryCacheImageInputStream(file)) {
            byte[] first = first(stream);
            PictureFormat format = PictureFormat.of(first).orElseThrow(() -> new DataException(
                    "%s: expected a picture (PNG, JPEG, GIF or BMP), found %s".formatted(name, PictureFormat.other(first)
                            .map(other -> "a " + other + " file; convert it to one of these")
                            .orElseGet(() -> bytes + " other bytes"))));
            PictureHeader header = PictureHeader.of(stream, format);
            stream.seek(0);
            ImageReader reader = reader(format);
            try {
                reader.setInput(stream, true, true);
                return read(reader, header, name, largest);
            } finally {
                reader.dispose();
            }
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) { // the platform's readers throw both on damaged files
            throw damaged(name, e instanceof EOFException ? "it ends early" : e.getMessage(), e);
        }
    }

    private static byte[] first(ImageInputStream stream) throws IOException {
        byte[] first = new byte[PictureFormat.SIGNATURE];
        int read = 0;
        while (read < first.length) {
            int more = stream.read(first, read, first.length - read);
            if (more < 0) {
                break;
            }
            read += more;
        }
        stream.seek(0);
        return first;
    }

    /** That of the platform: another one that is installed may give other pixels. */
    private static ImageReader reader(PictureFormat format) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.label());
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getModule() == ImageIO.class.getModule()) {
                return reader;
            }
        }
        throw new IOException("this Java has no reader of " + format);
    }

    private static Picture read(ImageReader reader, PictureHeader header, String name, long largest)
            throws IOException {
        int height = header.screen().height(reader.getHeight(0));
        int width = header.screen().width(reader.getWidth(0));
        if ((long) width * height > largest) {
            throw new DataException("%s: expected a picture of at most %d pixels, found %d x %d".formatted(name, largest, width,
                    height));
        }
        if (header.components() == 4) {
            throw new DataException("%s: expected a JPEG file in grey or RGB, found one of 4 channels (CMYK); convert it to RGB"
                    .formatted(name));
        }
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
        BufferedImage image = reader.read(0);
        for (String warning : warnings) { // JPEG files: what is missing would be grey
            if (warning.startsWith("Truncated") || warning.startsWith("Corrupt")) {
                throw damaged(name, warning, null);
            }
        }
        return header.upright(of(image));
    }

    private static DataException damaged(String name, String why, Exception cause) {
        return new DataException("%s: expected a picture, found a damaged or unsupported file (%s)".formatted(name,
                String.valueOf(why).lines().findFirst().orElse("")), cause);
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

package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Where examples come from: folders, tables and IDX files. */
class SourcesTest {
    @TempDir
    private Path root;

    @Test
    void aFolderHasAClassInEachSubFolder() throws IOException {
        picture("cats/2.png", 2);
        picture("cats/10.PNG", 10);
        picture("cats/more/deep/1.bmp", 1);
        picture("birds/7.gif", 7);
        Files.writeString(root.resolve("README.txt"), "no picture");
        Files.writeString(root.resolve("cats/notes.txt"), "no picture");
        picture("cats/.hidden.png", 3);
        picture(".git/x.png", 3);
        PictureFiles files = PictureFiles.folder(root);
        assertEquals(List.of("birds", "cats"), files.classNames());
        assertEquals(List.of("birds/7.gif", "cats/10.PNG", "cats/2.png", "cats/more/deep/1.bmp"), names(files));
        assertEquals(root + ": 4 picture files in 2 classes", files.toString());
        assertEquals(List.of(0, 1, 1, 1), IntStream.range(0, 4).mapToObj(i -> get(files, i).label()).toList());
        assertEquals(10, get(files, 1).picture().width());
        assertThrows(IndexOutOfBoundsException.class, () -> files.get(4));
    }

    /** Upper case before lower case, a dash before a slash, and what UTF-8 makes of the rest: as bytes, not as text. */
    @Test
    void filesAreSortedByTheBytesOfTheirPaths() throws IOException {
        List<String> sorted = List.of("A-/1.png", "A/1.png", "B/a-b.png", "B/a/c.png", "B/\uffee.png", "B/\ud83d\ude00.png",
                "a/1.png", "\u00e9/1.png");
        for (String name : sorted.reversed()) {
            picture(name, 1);
        }
        PictureFiles files = PictureFiles.folder(root);
        // classes first, by the bytes of their names: A before A-
        assertEquals(List.of("A", "A-", "B", "a", "\u00e9"), files.classNames());
        assertEquals(List.of("A/1.png", "A-/1.png", "B/a-b.png", "B/a/c.png", "B/\uffee.png", "B/\ud83d\ude00.png", "a/1.png",
                "\u00e9/1.png"), names(files));
    }

    /** Without a Unicode locale the texts of paths are lost, not the paths. */
    @EnabledOnOs(OS.LINUX)
    @Test
    void namesInAnyBytesAreListedInAnyLocale() throws Exception {
        picture("x/1.png", 1);
        Path latin1 = Path.of(URI.create(root.toUri() + "caf%E9/1.png")); // no UTF-8
        Files.createDirectories(latin1.getParent());
        Files.copy(root.resolve("x/1.png"), latin1);
        picture("\u7c73/\u732b.png", 3);
        assertEquals(List.of("caf\ufffd", "x", "\u7c73"), PictureFiles.folder(root).classNames());
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dstdout.encoding=UTF-8", "-cp", System.getProperty("java.class.path"), ListAll.class.getName(), root.toString())
                .redirectErrorStream(true);
        builder.environment().put("LC_ALL", "POSIX");
        Process child = builder.start();
        child.getOutputStream().close();
        assertEquals("[caf\ufffd, x, \u7c73] 1 1 3\n",
                new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    /** A program: the classes of a folder, and the width of each of its pictures. */
    static final class ListAll {
        public static void main(String[] arguments) throws IOException {
            PictureFiles files = PictureFiles.folder(Path.of(arguments[0]));
            StringBuilder line = new StringBuilder(files.classNames().toString());
            for (int i = 0; i < files.size(); i++) {
                line.append(' ').append(files.get(i).picture().width());
            }
            System.out.println(line);
        }
    }

    @Test
    void aFolderThatIsNoneIsRefused() throws IOException {
        Path missing = root.resolve("missing");
        assertMessage(missing + ": expected a folder with a sub-folder for each class, found none",
                () -> PictureFiles.folder(missing));
        Path file = Files.writeString(root.resolve("file"), "");
        assertMessage(file + ": expected a folder with a sub-folder for each class, found a file", () -> PictureFiles.folder(file));
        assertMessage(root + ": expected a sub-folder for each class, found none", () -> PictureFiles.folder(root));
        Files.createDirectories(root.resolve("empty"));
        assertMessage(root.resolve("empty") + ": expected pictures of the class, found none (PNG, JPEG, GIF or BMP)",
                () -> PictureFiles.folder(root));
        picture("empty/1.png", 1);
        picture("beside.png", 1);
        assertMessage(root + ": expected pictures in sub-folders, one for each class, found beside.png beside them",
                () -> PictureFiles.folder(root));
    }

    @Test
    void aDamagedPictureIsNamedWhenItIsAskedFor() throws IOException {
        Files.createDirectories(root.resolve("a"));
        Path bad = Files.writeString(root.resolve("a/bad.png"), "hello");
        PictureFiles files = PictureFiles.folder(root);
        assertMessage(bad + ": expected a picture (PNG, JPEG, GIF or BMP), found 5 other bytes", () -> files.get(0));
    }

    @Test
    void theLimitOfPixelsHoldsForEachFile() throws IOException {
        picture("a/1.png", 5);
        PictureFiles files = PictureFiles.folder(root).withLargest(4);
        assertMessage(root.resolve("a/1.png") + ": expected a picture of at most 4 pixels, found 5 x 1", () -> files.get(0));
        assertEquals(5, files.withLargest(5).get(0).picture().width());
        assertIllegal(root + ": expected a limit of at least 1 pixel, found 0", () -> files.withLargest(0));
    }

    @Test
    void classesCanBeNumberedAsInTheTrainingPictures() throws IOException {
        picture("cats/1.png", 1);
        picture("dogs/1.png", 1);
        PictureFiles files = PictureFiles.folder(root);
        PictureFiles renumbered = files.withClasses(List.of("dogs", "birds", "cats"));
        assertEquals(List.of("dogs", "birds", "cats"), renumbered.classNames());
        assertEquals(List.of(2, 0), List.of(get(renumbered, 0).label(), get(renumbered, 1).label()));
        assertIllegal(root + ": expected the classes [dogs], found \"cats\"", () -> files.withClasses(List.of("dogs")));
        assertIllegal(root + ": expected names of classes that differ, found [dogs, cats, dogs]",
                () -> files.withClasses(List.of("dogs", "cats", "dogs")));
        assertEquals(List.of("dogs/1.png", "cats/1.png", "dogs/1.png"), names(files.select(new int[] {1, 0, 1})));
        assertThrows(IndexOutOfBoundsException.class, () -> files.select(new int[] {2}));
    }

    @Test
    void aTableNamesPicturesAndAnyNumberOfClasses() throws IOException {
        picture("p/1.png", 1);
        picture("p/a, \"b\".png", 2);
        picture("3.png", 3);
        picture("4.png", 4);
        Path table = table("path,classes\r\np/1.png,cat\r\n\"p/a, \"\"b\"\".png\",dog; cat\n\n3.png,\n"
                + root.resolve("4.png") + ",\"bird;\u00e9lan\"");
        PictureFiles files = PictureFiles.csv(table);
        assertEquals(List.of("bird", "cat", "dog", "\u00e9lan"), files.classNames());
        assertEquals(List.of(1, 2, 3, 4), IntStream.range(0, 4).mapToObj(i -> get(files, i).picture().width()).toList());
        assertEquals(List.of(List.of(1), List.of(1, 2), List.of(), List.of(0, 3)),
                IntStream.range(0, 4).mapToObj(i -> get(files, i).classes()).toList());
    }

    @Test
    void aTableMayBePackedAndMarked() throws IOException {
        picture("1.png", 1);
        Path packed = root.resolve("t.csv.gz");
        Files.write(packed, gzip("\ufeffpath,classes\n1.png,a\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(1, PictureFiles.csv(packed).size());
        assertEquals(0, PictureFiles.csv(table("")).size());
        assertEquals(0, PictureFiles.csv(table("path,classes")).size());
    }

    @Test
    void aTableThatIsNotAsDescribedIsRefused() throws IOException {
        picture("1.png", 1);
        Path table = root.resolve("t.csv");
        assertRefused(table + ", line 2: expected a path and its classes, found 3 fields", "1.png,a\n1.png,a,b");
        assertRefused(table + ", line 1: expected a path and its classes, found 1 fields", "1.png");
        assertRefused(table + ", line 3: expected the path of a picture file, found no file \"2.png\"", "path,classes\n1.png,a\n2.png,b");
        assertRefused(table + ", line 1: expected the path of a picture file, found no file \"\"", ",a");
        assertRefused(table + ", line 1: expected the path of a picture file, found no file \"a\0b\"", "a\0b,c");
        assertRefused(table + ", line 1: expected each class once, found [a, b, a]", "1.png,a;b;a");
        assertRefused(table + ", line 2: expected a quote at the end of a field, found the end of the file", "1.png,a\n\"1.png,a\n\n");
        assertRefused(table + ", line 1: expected a comma after the quoted field 1, found 'x'", "\"1.png\"x,a");
        assertRefused(table + ", line 4: expected a path and its classes, found 1 fields", "1.png,\"a\nb\"\n1.png,a\nc");
        Files.write(table, new byte[] {'a', (byte) 0xff});
        assertMessage(table + ": expected text in UTF-8, found other bytes", () -> PictureFiles.csv(table));
        Path missing = root.resolve("none.csv");
        assertMessage(missing + ": expected a data file, found none: name the folder that holds it", () -> PictureFiles.csv(missing));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void whatIsQuotedIsRead(@ForAll @Size(min = 1, max = 5) List<@Size(min = 1, max = 4) List<@StringLength(max = 6) String>> lines,
            @ForAll boolean windows) throws IOException {
        StringBuilder text = new StringBuilder();
        List<List<String>> expected = new ArrayList<>();
        for (List<String> line : lines) {
            List<String> fields = line.stream().map(f -> f.replaceAll("[\\ud800-\\udfff\\r]", "\"")).toList();
            text.append(String.join(",", fields.stream().map(f -> '"' + f.replace("\"", "\"\"") + '"').toList()))
                    .append(windows ? "\r\n" : "\n");
            if (!fields.equals(List.of(""))) {
                expected.add(fields);
            }
        }
        DataFile file = new DataFile(Path.of("t.csv"), text.toString().getBytes(StandardCharsets.UTF_8));
        assertEquals(expected, Csv.read(file, 1 << 20).stream().map(Csv.Line::fields).toList());
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void idxFilesGiveTheirPictures(@ForAll @IntRange(max = 6) int count, @ForAll @IntRange(min = 1, max = 5) int height,
            @ForAll @IntRange(min = 1, max = 5) int width, @ForAll boolean packed, @ForAll long seed) throws IOException {
        byte[] pixels = new byte[count * height * width];
        new java.util.Random(seed).nextBytes(pixels);
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            labels[i] = (byte) (i % 3);
        }
        Path folder = Files.createTempDirectory("idx");
        Path images = folder.resolve(packed ? "images.gz" : "images");
        Path classes = folder.resolve("labels");
        try {
            byte[] idx = ByteBuffer.allocate(16 + pixels.length).putInt(0x803).putInt(count).putInt(height).putInt(width).put(pixels)
                    .array();
            Files.write(images, packed ? gzip(idx) : idx);
            Files.write(classes, ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count).put(labels).array());
            ImageSet set = Idx.read("idx", images, classes, List.of("a", "b", "c"));
            assertEquals("idx: " + count + " pictures of " + height + " x " + width + " x 1 in 3 classes", set.toString());
            assertEquals(64, set.sha256().length());
            for (int i = 0; i < count; i++) {
                assertEquals(i % 3, set.label(i));
                assertArrayEquals(java.util.Arrays.copyOfRange(pixels, i * height * width, (i + 1) * height * width),
                        set.picture(i).pixels());
            }
        } finally {
            Files.deleteIfExists(images);
            Files.deleteIfExists(classes);
            Files.delete(folder);
        }
    }

    @Test
    void idxFilesThatDoNotFitEachOtherAreRefused() throws IOException {
        Path images = Files.write(root.resolve("images"), ByteBuffer.allocate(18).putInt(0x803).putInt(2).putInt(1).putInt(1).array());
        Path labels = Files.write(root.resolve("labels"), ByteBuffer.allocate(9).putInt(0x801).putInt(1).array());
        assertMessage(labels + ": expected a label for each of 2 pictures, found 1 labels",
                () -> Idx.read("idx", images, labels, List.of("a")));
        Files.write(labels, ByteBuffer.allocate(10).putInt(0x801).putInt(2).put((byte) 0).put((byte) 1).array());
        assertMessage(labels + ": expected labels from 0 to 0, found 1 at picture 1",
                () -> Idx.read("idx", images, labels, List.of("a")));
    }

    private void assertRefused(String message, String text) throws IOException {
        Path table = table(text);
        assertMessage(message, () -> PictureFiles.csv(table));
    }

    private Path table(String text) throws IOException {
        return Files.writeString(root.resolve("t.csv"), text);
    }

    /** A picture of one row. */
    private void picture(String name, int width) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(java.util.Locale.ROOT);
        try (OutputStream out = Files.newOutputStream(file)) {
            ImageIO.write(new BufferedImage(width, 1, BufferedImage.TYPE_INT_RGB), ending, out);
        }
    }

    private List<String> names(PictureFiles files) {
        return IntStream.range(0, files.size()).mapToObj(i -> root.relativize(files.file(i)).toString().replace('\\', '/')).toList();
    }

    private static Example get(Dataset data, int index) {
        try {
            return data.get(index);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(DataException.class, action).getMessage());
    }

    private static void assertIllegal(String message, Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}

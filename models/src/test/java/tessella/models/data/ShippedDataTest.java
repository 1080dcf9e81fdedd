package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ShippedDataTest {
    @TempDir
    private Path root;

    @Test
    void fashionMnistHas540And60And1000PicturesOfEachClass() throws IOException {
        DataSplits splits = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot());
        assertEquals("fashion-mnist train: 5400 pictures of 28 x 28 x 1 in 10 classes", splits.train().toString());
        assertEquals("fashion-mnist validation: 600 pictures of 28 x 28 x 1 in 10 classes",
                splits.validation().toString());
        assertEquals("fashion-mnist test: 10000 pictures of 28 x 28 x 1 in 10 classes", splits.test().toString());
        assertArrayEquals(filled(540), histogram(splits.train()));
        assertArrayEquals(filled(60), histogram(splits.validation()));
        assertArrayEquals(filled(1000), histogram(splits.test()));
        assertEquals("Ankle boot", splits.classNames().get(splits.train().label(0)));
        assertEquals(64, splits.sha256().length());
    }

    @Test
    void fashionMnistValidatesOnTheLastPicturesOfEachClassInFileOrder() throws IOException {
        DataSplits splits = ShippedData.FASHION_MNIST.load(ShippedData.defaultRoot());
        Path folder = ShippedData.defaultRoot().resolve("fashion-mnist");
        int[] labels = Idx.labels(DataFile.read(folder.resolve("train-labels-idx1-ubyte.gz")), 10);
        Idx.Images images = Idx.images(DataFile.read(folder.resolve("train-images-idx3-ubyte.gz")));
        int train = 0;
        int validation = 0;
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i];
            boolean late = IntStream.range(i + 1, labels.length).filter(j -> labels[j] == label).count() < 60;
            ImageSet part = late ? splits.validation() : splits.train();
            int place = late ? validation++ : train++;
            assertEquals(label, part.label(place));
            assertArrayEquals(Arrays.copyOfRange(images.pixels(), i * 784, (i + 1) * 784),
                    part.picture(place).pixels());
        }
    }

    @Test
    void digitsSplitIsStratifiedAndSharesNoPicture() throws IOException {
        DataSplits splits = ShippedData.DIGITS.load(ShippedData.defaultRoot());
        assertEquals("digits train: 1266 pictures of 8 x 8 x 1 in 10 classes", splits.train().toString());
        assertEquals("digits validation: 178 pictures of 8 x 8 x 1 in 10 classes", splits.validation().toString());
        assertEquals("digits test: 353 pictures of 8 x 8 x 1 in 10 classes", splits.test().toString());
        for (int count : histogram(splits.validation())) {
            assertTrue(count == 17 || count == 18, "validation pictures of a class: " + count);
        }
        for (int count : histogram(splits.test())) {
            assertTrue(count >= 34 && count <= 36, "test pictures of a class: " + count);
        }
        Set<Picture> seen = new HashSet<>();
        for (ImageSet part : List.of(splits.train(), splits.validation(), splits.test())) {
            IntStream.range(0, part.size()).mapToObj(part::picture).forEach(seen::add);
        }
        assertEquals(1797, seen.size(), "digits are all different, so every picture is in one part exactly");
    }

    @Test
    void digitsReadTheFirstLineRight() throws IOException {
        ImageSet train = ShippedData.DIGITS.load(ShippedData.defaultRoot()).train();
        assertEquals(0, train.label(0));
        // 0,0,5,13,9,1,0,0 of 16
        assertEquals(List.of(0, 0, 80, 207, 143, 16, 0, 0),
                IntStream.range(0, 8).mapToObj(x -> train.picture(0).value(0, x, 0)).toList());
    }

    @Test
    void namesOnTheCommandLine() {
        assertEquals(List.of("fashion-mnist", "digits"), ShippedData.labels());
        assertEquals(ShippedData.DIGITS, ShippedData.byLabel("digits"));
        assertEquals("data: expected one of [fashion-mnist, digits], found \"cats\"",
                assertThrows(IllegalArgumentException.class, () -> ShippedData.byLabel("cats")).getMessage());
    }

    @Test
    void mirrorImagesAndShiftsAreForClothesOnly() {
        assertEquals("horizontal flips and shifts of up to 1 pixel", ShippedData.FASHION_MNIST.augmentation().toString());
        assertEquals("none", ShippedData.DIGITS.augmentation().toString());
    }

    @Test
    void theHashCoversEveryFile() throws IOException {
        Path folder = tinyFashion();
        String before = ShippedData.FASHION_MNIST.load(root).sha256();
        byte[] images = Files.readAllBytes(folder.resolve("t10k-images-idx3-ubyte"));
        images[100]++;
        Files.write(folder.resolve("t10k-images-idx3-ubyte"), images);
        assertNotEquals(before, ShippedData.FASHION_MNIST.load(root).sha256());
    }

    @Test
    void unpackedFilesOfAnyNumberOfPicturesAreReadToo() throws IOException {
        tinyFashion();
        DataSplits splits = ShippedData.FASHION_MNIST.load(root);
        assertEquals(10, splits.train().size());
        assertEquals(600, splits.validation().size());
        assertEquals(610, splits.test().size());
        assertEquals(3, splits.limitTraining(3).train().size());
        assertEquals(10, splits.limitTraining(99).train().size());
    }

    @Test
    void refusesDamagedIdxFilesInASentence() throws IOException {
        Path folder = tinyFashion();
        Path images = folder.resolve("train-images-idx3-ubyte");
        Path labels = folder.resolve("train-labels-idx1-ubyte");
        byte[] goodImages = Files.readAllBytes(images);
        byte[] goodLabels = Files.readAllBytes(labels);

        Files.write(images, new byte[] {0, 0, 8, 3, 0});
        assertRefused(images + ": expected an IDX header of 16 bytes, found 5 bytes in all");
        Files.write(images, goodLabels);
        assertRefused(images + ": expected the IDX magic number 0x00000803, found 0x00000801");
        Files.write(images, Arrays.copyOf(goodImages, goodImages.length - 1));
        assertRefused(images + ": expected 478256 bytes as its header says, found 478255");
        Files.write(images, Arrays.copyOf(goodImages, goodImages.length + 1));
        assertRefused(images + ": expected 478256 bytes as its header says, found 478257");
        Files.write(images, ByteBuffer.allocate(16).putInt(0x803).putInt(-1).putInt(28).putInt(28).array());
        assertRefused(images + ": expected extents of pictures, found [-1, 28, 28]");
        Files.write(images, ByteBuffer.allocate(16).putInt(0x803).putInt(Integer.MAX_VALUE).putInt(28).putInt(28)
                .array());
        assertRefused(images + ": expected 1683627179264 bytes as its header says, found 16");
        Files.write(images, idxImages(610, 27));
        assertRefused(images + ": expected pictures of 28 x 28, found 27 x 27");
        Files.write(images, idxImages(609, 28));
        assertRefused(labels + ": expected a label for each of 609 pictures, found 610 labels");
        Files.write(images, goodImages);

        goodLabels[8 + 17] = 10;
        Files.write(labels, goodLabels);
        assertRefused(labels + ": expected labels from 0 to 9, found 10 at picture 17");
        Files.write(labels, idxLabels(600));
        Files.write(images, idxImages(600, 28));
        assertRefused(labels + ": expected more than 60 pictures of class T-shirt, found 60");
        Files.delete(labels);
        assertRefused(labels + ".gz: expected a data file, found none: name the folder that holds it");
    }

    @Test
    void refusesDamagedGzipFilesInASentence() throws IOException {
        Path file = Files.createDirectories(root.resolve("digits")).resolve("digits.csv.gz");
        Files.writeString(file, "no gzip at all");
        assertMessage(file + ": expected a gzip file, found something else (Not in GZIP format)",
                () -> ShippedData.DIGITS.load(root));
        byte[] good = gzip("1".repeat(1000));
        Files.write(file, Arrays.copyOf(good, good.length - 9));
        assertMessage(file + ": expected a whole gzip file, found one that ends after " + (good.length - 9) + " bytes",
                () -> ShippedData.DIGITS.load(root));
        Files.write(file, gzip("\n".repeat((1 << 24) + 1)));
        assertMessage(file + ": expected at most 16777216 bytes, found more", () -> ShippedData.DIGITS.load(root));
    }

    @Test
    void refusesBadCsvInASentence() throws IOException {
        Path file = Files.createDirectories(root.resolve("digits")).resolve("digits.csv.gz");
        String good = "0,".repeat(64) + "7\n";
        Files.write(file, gzip(good + "1,2,3"));
        assertMessage(file + ", line 2: expected 64 values and a label, found 3 fields",
                () -> ShippedData.DIGITS.load(root));
        Files.write(file, gzip(good + good.replaceFirst("0", "17")));
        assertMessage(file + ", line 2: expected a value from 0 to 16, found \"17\"", () -> ShippedData.DIGITS.load(root));
        Files.write(file, gzip(good.replaceFirst("0", "x")));
        assertMessage(file + ", line 1: expected a value from 0 to 16, found \"x\"", () -> ShippedData.DIGITS.load(root));
        Files.write(file, gzip(good.replace("7", "10")));
        assertMessage(file + ", line 1: expected a label from 0 to 9, found \"10\"", () -> ShippedData.DIGITS.load(root));
    }

    @Test
    void setsCheckWhatTheyAreGiven() {
        List<String> names = List.of("a", "b");
        assertEquals("x: expected labels from 0 to 1, found 2 at picture 1", assertThrows(
                IllegalArgumentException.class,
                () -> ImageSet.of("x", 1, 1, 1, new byte[2], new int[] {1, 2}, names, "")).getMessage());
        assertEquals("x: expected 12 bytes for 2 pictures of 2 x 3 x 1, found 3", assertThrows(
                IllegalArgumentException.class,
                () -> ImageSet.of("x", 2, 3, 1, new byte[3], new int[] {1, 0}, names, "")).getMessage());
        assertThrows(IllegalArgumentException.class,
                () -> ImageSet.of("x", 2, 3, 4, new byte[24], new int[] {1}, names, ""));
        ImageSet set = ImageSet.of("x", 1, 1, 1, new byte[] {5, 6}, new int[] {1, 0}, names, "");
        assertThrows(IndexOutOfBoundsException.class, () -> set.picture(2));
        assertThrows(IndexOutOfBoundsException.class, () -> set.select("y", new int[] {-1}));
        ImageSet other = ImageSet.of("y", 1, 2, 1, new byte[] {5, 6}, new int[] {1}, names, "");
        assertThrows(IllegalArgumentException.class, () -> new DataSplits("z", set, set, other));
    }

    @Test
    void setsCannotBeChangedFromOutside() {
        byte[] pixels = {5, 6};
        int[] labels = {1, 0};
        ImageSet set = ImageSet.of("x", 1, 1, 1, pixels, labels, List.of("a", "b"), "");
        pixels[0] = 9;
        labels[0] = 0;
        set.labels()[1] = 1;
        set.picture(1).pixels()[0] = 9;
        assertEquals(5, set.picture(0).value(0, 0, 0));
        assertEquals(6, set.picture(1).value(0, 0, 0));
        assertArrayEquals(new int[] {1, 0}, set.labels());
    }

    /** 61 pictures of each class, in files that are not packed. */
    private Path tinyFashion() throws IOException {
        Path folder = Files.createDirectories(root.resolve("fashion-mnist"));
        for (String part : List.of("train", "t10k")) {
            Files.write(folder.resolve(part + "-images-idx3-ubyte"), idxImages(610, 28));
            Files.write(folder.resolve(part + "-labels-idx1-ubyte"), idxLabels(610));
        }
        return folder;
    }

    private static byte[] idxImages(int count, int side) {
        return ByteBuffer.allocate(16 + count * side * side).putInt(0x803).putInt(count).putInt(side).putInt(side)
                .array();
    }

    private static byte[] idxLabels(int count) {
        ByteBuffer file = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        IntStream.range(0, count).forEach(i -> file.put((byte) (i % 10)));
        return file.array();
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    private static int[] filled(int count) {
        int[] result = new int[10];
        Arrays.fill(result, count);
        return result;
    }

    private static int[] histogram(ImageSet set) {
        int[] counts = new int[10];
        Arrays.stream(set.labels()).forEach(label -> counts[label]++);
        return counts;
    }

    private void assertRefused(String message) {
        assertMessage(message, () -> ShippedData.FASHION_MNIST.load(root));
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(DataException.class, action).getMessage());
    }
}

package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's folders and tables as splits in memory. */
class OwnPicturesTest {
    @TempDir
    private Path root;

    /** A picture of one grey, so that it can be found again. */
    private void picture(String name, int grey) throws IOException {
        BufferedImage image = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 15; i++) {
            image.setRGB(i % 5, i / 5, grey * 0x010101);
        }
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }

    private static TreeSet<Integer> greys(ImageSet set, int label) {
        TreeSet<Integer> greys = new TreeSet<>();
        for (int i = 0; i < set.size(); i++) {
            if (set.label(i) == label) {
                greys.add(set.picture(i).pixels()[0] & 0xff);
            }
        }
        return greys;
    }

    @Test
    void eightOfTenPicturesOfEachClassAreForTraining() throws IOException {
        for (int i = 0; i < 20; i++) {
            picture("cats/%02d.png".formatted(i), i);
            picture("birds/%02d.png".formatted(i), 100 + i);
        }
        for (int i = 20; i < 30; i++) {
            picture("cats/%02d.png".formatted(i), i);
        }
        DataSplits splits = OwnPictures.load(root, 4);
        assertEquals(List.of("birds", "cats"), splits.classNames());
        assertEquals(List.of(40, 5, 5), List.of(splits.train().size(), splits.validation().size(), splits.test().size()));
        for (int label = 0; label < 2; label++) {
            TreeSet<Integer> all = greys(splits.train(), label);
            assertEquals(label == 0 ? 16 : 24, all.size());
            all.addAll(greys(splits.validation(), label));
            all.addAll(greys(splits.test(), label));
            assertEquals(label == 0 ? 20 : 30, all.size(), "each picture is in one part");
        }
        assertNotEquals(List.of(108, 118), List.copyOf(greys(splits.validation(), 0)), "not simply each tenth");
        assertEquals("4 4 3", splits.train().height() + " " + splits.train().width() + " " + splits.train().channels());
        DataSplits again = OwnPictures.load(root, 4);
        assertEquals(splits.sha256(), again.sha256());
        assertEquals(64, splits.sha256().length());
        picture("birds/03.png", 200);
        assertNotEquals(splits.sha256(), OwnPictures.load(root, 4).sha256(), "another picture, another hash");
    }

    @Test
    void foldersThatAreSplitStaySo() throws IOException {
        for (int i = 0; i < 10; i++) {
            picture("train/a/%d.png".formatted(i), i);
            picture("train/b/%d.png".formatted(i), 50 + i);
        }
        picture("test/a/x.png", 200);
        picture("test/b/x.png", 201);
        DataSplits splits = OwnPictures.load(root, 2);
        assertEquals(List.of(18, 2, 2), List.of(splits.train().size(), splits.validation().size(), splits.test().size()));
        assertEquals(List.of(200), List.copyOf(greys(splits.test(), 0)));
        picture("validation/b/y.png", 210);
        splits = OwnPictures.load(root, 2);
        assertEquals(List.of(20, 1, 2), List.of(splits.train().size(), splits.validation().size(), splits.test().size()));
        assertEquals(List.of(210), List.copyOf(greys(splits.validation(), 1)));
        picture("test/c/x.png", 1);
        String message = assertThrows(DataException.class, () -> OwnPictures.load(root, 2)).getMessage();
        assertTrue(message.contains("expected the classes [a, b], found \"c\""), message);
    }

    @Test
    void picturesOfATableMayHaveAnyNumberOfClasses() throws IOException {
        StringBuilder one = new StringBuilder("path,classes\n");
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            picture(i + ".png", i);
            one.append(i).append(".png,").append(i % 2 == 0 ? "even" : "odd").append('\n');
            many.append(i).append(".png,").append(i % 2 == 0 ? "even" : "odd").append(i % 3 == 0 ? ";three" : "").append('\n');
        }
        DataSplits single = OwnPictures.load(Files.writeString(root.resolve("one.csv"), one.toString()), 2);
        assertFalse(single.train().hasManyClasses());
        assertEquals(List.of(16, 2, 2), List.of(single.train().size(), single.validation().size(), single.test().size()));
        DataSplits several = OwnPictures.load(Files.writeString(root.resolve("many.csv"), many.toString()), 2);
        assertTrue(several.train().hasManyClasses() && several.test().hasManyClasses());
        for (int i = 0; i < several.train().size(); i++) {
            int number = several.train().picture(i).pixels()[0] & 0xff;
            assertEquals(number % 3 == 0, several.train().classes(i).contains(2), "three");
            assertEquals(number % 2 == 0, several.train().classes(i).contains(0), "even");
            assertEquals(number % 3 == 0 ? -1 : number % 2, several.train().label(i));
        }
        assertEquals(several.train().classes(3), several.train().select("chosen", new int[] {3}).classes(0));
        assertEquals(several.train().classes(3), several.train().first(4).get(3).classes());
    }

    @Test
    void tooFewPicturesForThreePartsAreRefused() throws IOException {
        for (int i = 0; i < 8; i++) {
            picture("a/%d.png".formatted(i), i);
        }
        String message = assertThrows(DataException.class, () -> OwnPictures.load(root, 2)).getMessage();
        assertTrue(message.contains("found none left for validation"), message);
    }

    @Test
    void partsWithOtherNumbersOfClassesAPictureAreNoDataSet() {
        ImageSet one = ImageSet.of("one", 1, 1, 1, new byte[2], new int[] {0, 1}, List.of("a", "b"), "");
        ImageSet many = ImageSet.ofMany("many", 1, 1, 1, new byte[2], List.of(List.of(0), List.of(1)), List.of("a", "b"), "");
        assertArrayEquals(one.labels(), many.labels());
        assertThrows(IllegalArgumentException.class, () -> new DataSplits("x", one, many, one));
        assertThrows(IllegalArgumentException.class,
                () -> ImageSet.ofMany("m", 1, 1, 1, new byte[1], List.of(List.of(2)), List.of("a", "b"), ""));
        ImageSet other = ImageSet.of("one", 1, 1, 1, new byte[2], new int[] {1, 0}, List.of("a", "b"), "");
        assertNotEquals(DataSplits.hashed("x", one, one, one).sha256(), DataSplits.hashed("x", other, one, one).sha256(),
                "the same pixels with other classes");
        IntStream.range(0, 2).forEach(i -> assertEquals(one.classes(i), many.classes(i)));
    }
}

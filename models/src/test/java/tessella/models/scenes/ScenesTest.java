package tessella.models.scenes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.ShippedData;
import tessella.models.data.Picture;
import tessella.models.scenes.Scene.Relation;

/** Scenes are the same everywhere, their labels are those of their pixels, and splits share what they should not. */
class ScenesTest {
    private static EmojiSheet sheet;

    @BeforeAll
    static void read() throws IOException {
        sheet = EmojiSheet.read(Path.of("data").resolve(EmojiSheet.FILE));
    }

    private static Scenes varied(SceneSplit split, long seed) {
        return Scenes.of(sheet, SceneConfig.VARIED, split, seed);
    }

    @Test
    void variantsOfOneThingAreOneConcept() {
        assertEquals(1397, sheet.size());
        assertEquals(8, sheet.categories().size());
        assertEquals("cook", EmojiSheet.name("woman cook"));
        assertEquals("beard", EmojiSheet.name("man: beard"));
        assertEquals("person", EmojiSheet.name("woman"));
        assertEquals("clock face", EmojiSheet.name("seven o\u2019clock"));
        assertEquals("clock face", EmojiSheet.name("seven-thirty"));
        assertEquals("red apple", EmojiSheet.name("red apple"));
        Concept cook = sheet.concepts().stream().filter(c -> c.name().equals("cook")).findFirst().orElseThrow();
        assertEquals(3, cook.sprites().size());
        assertTrue(sheet.concepts().stream().filter(c -> c.name().equals("clock face")).allMatch(c ->
                c.sprites().size() == 24));
    }

    @ParameterizedTest
    @CsvSource({"TRAIN, c38956337b1cbc2468220ea2159c307b978144937d9cad69391060f1a28ac15c",
            "HELD_OUT_CONCEPTS, bc207bf049039ae1c7f04a4db8133f25a4d836316a080577e93b881ce69fdf71",
            "HELD_OUT_PAIRS, 247ee8cb1f6e716924d61cfd4bf59031e4fdfd81126620e79f751dcabb52b965"})
    void theFirstScenesHaveTheseBytesOnEveryMachine(SceneSplit split, String sha256) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        Scenes scenes = varied(split, 1);
        for (int i = 0; i < 30; i++) {
            Scene scene = scenes.scene(i);
            digest.update(scene.picture().pixels());
            digest.update(scene.owner());
            digest.update((scene.objects() + " " + scene.word()).getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(sha256, HexFormat.of().formatHex(digest.digest()));
    }

    @Test
    void aSceneFollowsFromSeedSplitAndIndexAlone() {
        Scenes scenes = varied(SceneSplit.TRAIN, 5);
        byte[] seventh = scenes.scene(7).picture().pixels();
        scenes.scene(3);
        assertArrayEquals(seventh, scenes.scene(7).picture().pixels());
        assertArrayEquals(seventh, IntStream.range(0,
                16).parallel().mapToObj(scenes::scene).toList().get(7).picture().pixels());
        Set<String> different = new HashSet<>();
        for (SceneSplit split : SceneSplit.values()) {
            different.add(HexFormat.of().formatHex(varied(split, 5).scene(7).picture().pixels()));
        }
        different.add(HexFormat.of().formatHex(varied(SceneSplit.TRAIN, 6).scene(7).picture().pixels()));
        assertEquals(SceneSplit.values().length + 1, different.size());
    }

    @ParameterizedTest
    @EnumSource
    void labelsAreThoseOfThePixels(SceneSplit split) {
        Scenes scenes = varied(split, 2);
        TreeSet<Integer> counts = new TreeSet<>();
        int words = 0;
        for (int i = 0; i < 60; i++) {
            Scene scene = scenes.scene(i);
            int h = scene.picture().height();
            int w = scene.picture().width();
            assertTrue(Math.min(h, w) >= 32 && Math.max(h, w) <= 128 && Math.max(h, w) <= 3.1 * Math.min(h, w), h + " x " + w);
            int[] seen = new int[scene.count()];
            int[][] edges = new int[scene.count()][];
            for (int y = 0; y < h; y++) {
                for (int x = 0; x < w; x++) {
                    for (int o = 0; o < seen.length; o++) {
                        if (scene.mask(o, y, x)) {
                            seen[o]++;
                            int[] e = edges[o] == null ? new int[] {x, y, x + 1, y + 1} : edges[o];
                            edges[o] = new int[] {Math.min(e[0], x), Math.min(e[1], y), Math.max(e[2], x + 1),
                                Math.max(e[3], y + 1)};
                        }
                    }
                }
            }
            for (int o = 0; o < seen.length; o++) {
                Scene.Placed object = scene.objects().get(o);
                assertEquals(seen[o], object.visible());
                assertTrue(2 * object.visible() >= object.whole(), "scene " + i + ": " + object);
                assertEquals(new Scene.Box(edges[o][0], edges[o][1], edges[o][2], edges[o][3]), object.box());
                assertEquals(sheet.category(object.concept()), object.category());
            }
            assertEquals(seen.length, scene.objects().stream().map(Scene.Placed::concept).distinct().count());
            counts.add(scene.count());
            words += scene.word().isPresent() ? 1 : 0;
            scene.word().ifPresent(word -> assertEquals(word.text(), read(scene, word)));
        }
        assertEquals(split == SceneSplit.HELD_OUT_PAIRS ? new TreeSet<>(List.of(2, 3, 4, 5, 6))
                : new TreeSet<>(List.of(1, 2, 3, 4, 5, 6)), counts);
        assertTrue(words > 5 && words < 30, words + " words");
    }

    /** Reads a word from the pixels, dot by dot. */
    private static String read(Scene scene, Scene.Word word) {
        int dot = word.box().height() / (Glyphs.HEIGHT + 2);
        int plate = colour(scene, word.box().top(), word.box().left());
        StringBuilder out = new StringBuilder();
        for (int letter = 0; letter < word.box().width() / dot / Glyphs.ADVANCE; letter++) {
            for (char c : "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".toCharArray()) {
                boolean same = true;
                for (int y = 0; y < Glyphs.HEIGHT && same; y++) {
                    for (int x = 0; x < Glyphs.WIDTH && same; x++) {
                        int at = colour(scene, word.box().top() + (1 + y) * dot,
                                word.box().left() + (1 + letter * Glyphs.ADVANCE + x) * dot);
                        same = Glyphs.isSet(c, y, x) == (at != plate);
                    }
                }
                if (same) {
                    out.append(c);
                }
            }
        }
        return out.toString();
    }

    private static int colour(Scene scene, int y, int x) {
        return scene.picture().value(y, x, 0) << 16 | scene.picture().value(y, x, 1) << 8 | scene.picture().value(y, x, 2);
    }

    @Test
    void splitsHoldOutWhatTheySay() {
        Set<Integer> trained = new HashSet<>();
        for (SceneSplit split : List.of(SceneSplit.TRAIN, SceneSplit.VALIDATION, SceneSplit.TEST)) {
            for (int i = 0; i < 150; i++) {
                List<Concept> concepts = concepts(varied(split, 1).scene(i));
                concepts.forEach(c -> trained.add(c.index()));
                assertFalse(concepts.stream().anyMatch(SceneSplit::isHeldOut), split + " " + i);
                assertFalse(hasHeldOutPair(concepts), split + " " + i);
            }
        }
        for (int i = 0; i < 100; i++) {
            List<Concept> concepts = concepts(varied(SceneSplit.HELD_OUT_CONCEPTS, 1).scene(i));
            assertTrue(concepts.stream().anyMatch(SceneSplit::isHeldOut));
            assertTrue(concepts.stream().noneMatch(c -> SceneSplit.isHeldOut(c) && trained.contains(c.index())));
            List<Concept> pairs = concepts(varied(SceneSplit.HELD_OUT_PAIRS, 1).scene(i));
            assertTrue(hasHeldOutPair(pairs), "scene " + i);
            assertFalse(pairs.stream().anyMatch(SceneSplit::isHeldOut));
        }
        long held = sheet.concepts().stream().filter(SceneSplit::isHeldOut).count();
        assertTrue(held > 100 && held < 180, held + " of 1397 held out");
    }

    private static List<Concept> concepts(Scene scene) {
        return scene.objects().stream().map(o -> sheet.concepts().get(o.concept())).toList();
    }

    private static boolean hasHeldOutPair(List<Concept> concepts) {
        return concepts.stream().anyMatch(a -> concepts.stream().anyMatch(b -> SceneSplit.isHeldOut(a, b)));
    }

    @Test
    void relationsFollowFromBoxesAndPixels() {
        Scene.Placed left = new Scene.Placed(0, 0, new Scene.Box(0, 0, 4, 4), 16, 16);
        Scene.Placed right = new Scene.Placed(1, 1, new Scene.Box(4, 2, 12, 10), 40, 64);
        Scene.Placed below = new Scene.Placed(2, 0, new Scene.Box(2, 10, 6, 14), 16, 16);
        Scene scene = new Scene(0, Picture.of(16, 16, 3, new byte[768]), List.of(left, right, below),
                new byte[256], Optional.empty());
        assertEquals(List.of(Relation.LEFT_OF, Relation.SMALLER), scene.relations(0, 1));
        assertEquals(List.of(Relation.RIGHT_OF, Relation.LARGER), scene.relations(1, 0));
        assertEquals(List.of(Relation.ABOVE, Relation.LARGER), scene.relations(1, 2));
        assertEquals(List.of(Relation.BELOW), scene.relations(2, 0));
        assertArrayEquals(new float[] {1, 1, 0}, scene.presence(3));
        assertEquals(3, scene.count());
        assertEquals(1, scene.dominant(3));
    }

    @Test
    void aWordIsNotWrittenWithoutItsLetters() {
        assertTrue(Words.ALL.stream().allMatch(Glyphs::has));
        assertFalse(Glyphs.has("a"));
    }

    @Test
    void spritesAreScaledByAreaAndCutFromWhite() {
        int white = 0xffffff;
        int red = 0xff0000;
        // a ring of red around an inner white that stays, on white that goes
        int[] rgb = new int[25];
        Arrays.fill(rgb, white);
        for (int at : new int[] {6, 7, 8, 11, 13, 16, 17, 18}) {
            rgb[at] = red;
        }
        Sprite ring = Sprite.cutFromWhite("ring", 5, 5, rgb);
        assertEquals(0, ring.alpha(0, 0));
        assertEquals(255, ring.alpha(2, 2));
        assertEquals(255, ring.alpha(1, 1));
        Sprite cropped = ring.cropped();
        assertEquals(3, cropped.height());
        assertEquals(3, cropped.width());
        Sprite one = cropped.scaled(1, 1);
        assertArrayEquals(new byte[] {(byte) 255, 28, 28, (byte) 255}, one.rgba());
        assertArrayEquals(cropped.rgba(), cropped.scaled(6, 6).scaled(3, 3).rgba());
        assertArrayEquals(cropped.rgba(), cropped.mirrored().mirrored().rgba());
        // a pink edge is red mixed with the white outside
        int[] edge = {white, 0xff8080, red, red};
        Sprite mixed = Sprite.cutFromWhite("edge", 1, 4, edge);
        assertEquals(127, mixed.alpha(0, 1));
        assertArrayEquals(new byte[] {(byte) 255, 0, 0, 127}, Arrays.copyOfRange(mixed.rgba(), 4, 8));
    }

    @Test
    void scenesOfOneSizeAreASetOfPictures() {
        Scenes scenes = Scenes.of(sheet, SceneConfig.square(48), SceneSplit.TRAIN, 3);
        ImageSet counts = scenes.imageSet("scenes", 20, Scenes.Question.COUNT);
        ImageSet dominant = scenes.imageSet("scenes", 20, Scenes.Question.DOMINANT);
        assertEquals(List.of("1", "2", "3", "4", "5", "6"), counts.classNames());
        assertEquals(sheet.categories(), dominant.classNames());
        for (int i = 0; i < 20; i++) {
            assertEquals(scenes.scene(i).count() - 1, counts.label(i));
            assertEquals(scenes.scene(i).dominant(8), dominant.label(i));
            assertArrayEquals(scenes.scene(i).picture().pixels(), counts.picture(i).pixels());
        }
        ImageSet presence = scenes.imageSet("scenes", 20, Scenes.Question.PRESENCE);
        assertTrue(presence.hasManyClasses() && !counts.hasManyClasses());
        for (int i = 0; i < 20; i++) {
            float[] there = scenes.scene(i).presence(8);
            for (int c = 0; c < 8; c++) {
                assertEquals(there[c] == 1, presence.classes(i).contains(c), "scene " + i + ", category " + c);
            }
        }
        String message = assertThrows(IllegalArgumentException.class, () -> varied(SceneSplit.TRAIN, 1).imageSet("scenes", 2,
                Scenes.Question.COUNT)).getMessage();
        assertTrue(message.contains("one size") && message.contains("32 to 128"), message);
    }

    @Test
    void theKindOfASceneIsTheSubGroupOfTheObjectThatShowsMost() throws Exception {
        assertEquals(95, sheet.kinds().size());
        assertEquals(sheet.kinds(), sheet.kinds().stream().sorted().distinct().toList());
        for (int i = 0; i < sheet.size(); i++) {
            assertEquals(sheet.concepts().get(i).kind(), sheet.kinds().get(sheet.kind(i)));
            switch (sheet.name(i)) {
                case "red apple" -> assertEquals("food-fruit", sheet.concepts().get(i).kind());
                case "grinning face" -> assertEquals("face-smiling", sheet.concepts().get(i).kind());
                case "clock face" -> assertEquals("time", sheet.concepts().get(i).kind());
                default -> { }
            }
        }
        Scenes scenes = Scenes.of(sheet, SceneConfig.square(48), SceneSplit.TRAIN, 3);
        ImageSet kinds = scenes.imageSet("scenes", 40, Scenes.Question.KIND);
        assertEquals(sheet.kinds(), kinds.classNames());
        assertFalse(kinds.hasManyClasses());
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 40; i++) {
            Scene scene = scenes.scene(i);
            int[] pixels = new int[scene.count() + 1];
            for (byte owner : scene.owner()) {
                pixels[owner]++;
            }
            int most = 1;
            for (int o = 2; o < pixels.length; o++) {
                most = pixels[o] > pixels[most] ? o : most;
            }
            Concept concept = sheet.concepts().get(scene.objects().get(most - 1).concept());
            assertEquals(concept.kind(), kinds.classNames().get(kinds.label(i)), "scene " + i);
            assertArrayEquals(scene.picture().pixels(), kinds.picture(i).pixels());
            seen.add(kinds.label(i));
        }
        assertTrue(seen.size() > 15, seen.size() + " kinds in 40 scenes");
    }

    @Test
    void ofEqualObjectsTheOneFurtherBackIsTheLargest() {
        Scene.Box box = new Scene.Box(0, 0, 4, 4);
        Scene.Placed small = new Scene.Placed(0, 0, box, 5, 16);
        Scene.Placed first = new Scene.Placed(1, 0, box, 9, 16);
        Scene.Placed second = new Scene.Placed(2, 1, box, 9, 9);
        assertEquals(first, new Scene(0, Picture.of(4, 4, 3, new byte[48]), List.of(small, first, second), new byte[16],
                Optional.empty()).largest());
    }

    @Test
    void scenesAsADataSetAreTheFirstOfEachSplit() throws IOException {
        DataSplits splits = SceneData.load("scenes", ShippedData.defaultRoot(), Scenes.Question.DOMINANT, 32, 30);
        assertEquals(List.of(30, 2_000, 10_000), List.of(splits.train().size(), splits.validation().size(), splits.test().size()));
        for (SceneSplit split : List.of(SceneSplit.TRAIN, SceneSplit.VALIDATION, SceneSplit.TEST)) {
            Scene scene = Scenes.of(sheet, SceneConfig.square(32), split, 1).scene(7);
            ImageSet part = split == SceneSplit.TRAIN ? splits.train() : split == SceneSplit.TEST ? splits.test()
                    : splits.validation();
            assertArrayEquals(scene.picture().pixels(), part.picture(7).pixels());
            assertEquals(scene.dominant(8), part.label(7));
        }
        ImageSet pairs = SceneData.heldOut("pairs", ShippedData.defaultRoot(), Scenes.Question.DOMINANT, 32, SceneSplit.HELD_OUT_PAIRS);
        assertEquals(10_000, pairs.size());
        assertArrayEquals(Scenes.of(sheet, SceneConfig.square(32), SceneSplit.HELD_OUT_PAIRS, 1).scene(7).picture().pixels(),
                pairs.picture(7).pixels());
        assertEquals(splits.sha256(), SceneData.load("scenes", ShippedData.defaultRoot(), Scenes.Question.DOMINANT, 32, 30).sha256());
        assertNotEquals(splits.sha256(), SceneData.load("scenes", ShippedData.defaultRoot(), Scenes.Question.COUNT, 32, 30).sha256());
    }

    @Test
    void whatCannotBeIsRefusedInASentence() {
        refused("sides 8 to 128", () -> new SceneConfig(8, 128, 3, 1, 6, 0));
        refused("2 to 1 objects", () -> new SceneConfig(32, 128, 3, 2, 1, 0));
        refused("share of 2.0", () -> new SceneConfig(32, 128, 3, 1, 1, 2));
        refused("at least 2 objects", () -> Scenes.of(sheet, new SceneConfig(32, 32, 1, 1, 1, 0), SceneSplit.HELD_OUT_PAIRS,
                1));
        IOException error = assertThrows(IOException.class, () -> EmojiSheet.read(Path.of("data", "README.md")));
        assertFalse(error.getMessage().isBlank());
    }

    private static void refused(String part, Executable action) {
        String message = assertThrows(IllegalArgumentException.class, action).getMessage();
        assertTrue(message.contains(part), message);
    }
}

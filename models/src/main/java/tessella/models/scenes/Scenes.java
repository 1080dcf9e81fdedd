package tessella.models.scenes;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tessella.engine.Random;
import tessella.models.data.ImageSet;
import tessella.models.data.Picture;

/**
 * An endless row of scenes. Scene i follows from (seed, split, i) alone: any thread may ask for any of them, and gets the same
 * pixels on every machine, for only integers are computed with and no font of the system is used. Immutable.
 */
public final class Scenes {
    /** Least share of an object that must be seen. */
    private static final double SEEN = 0.5;
    /** Placements that are tried before an object is left out. */
    private static final int TRIES = 40;

    private final EmojiSheet sheet;
    private final SceneConfig config;
    private final SceneSplit split;
    private final Random random;
    private final List<Concept> usual;
    private final List<Concept> heldOut;

    private Scenes(EmojiSheet sheet, SceneConfig config, SceneSplit split, long seed) {
        this.sheet = sheet;
        this.config = config;
        this.split = split;
        this.random = Random.of(seed, "scenes " + split);
        this.usual = sheet.concepts().stream().filter(c -> !SceneSplit.isHeldOut(c)).toList();
        this.heldOut = sheet.concepts().stream().filter(SceneSplit::isHeldOut).toList();
    }

    /**
     * The scenes of a split.
     *
     * @throws IllegalArgumentException if scenes of held-out pairs may have a single object
     */
    public static Scenes of(EmojiSheet sheet, SceneConfig config, SceneSplit split, long seed) {
        if (split == SceneSplit.HELD_OUT_PAIRS && config.maxObjects() < 2) {
            throw new IllegalArgumentException("scenes: expected at least 2 objects for pairs, found at most "
                    + config.maxObjects());
        }
        return new Scenes(sheet, config, split, seed);
    }

    /** Numbers of one scene, drawn in order. */
    private static final class Draw {
        private final Random random;
        private long next;

        Draw(Random random) {
            this.random = random;
        }

        int below(int bound) {
            return random.below(bound, next++);
        }

        /** In [from, to]. */
        int between(int from, int to) {
            return from + below(to - from + 1);
        }

        boolean chance(double p) {
            return random.uniform(next++) < p;
        }

        double uniform() {
            return random.uniform(next++);
        }
    }

    /** Scene number index, from 0 on. */
    public Scene scene(long index) {
        Draw draw = new Draw(random.at(index, 0));
        int[] size = size(draw);
        Canvas canvas = new Canvas(size[0], size[1]);
        Backgrounds.paint(canvas, draw::below);
        List<Concept> concepts = concepts(draw);
        List<Concept> placed = new ArrayList<>();
        List<Integer> wholes = new ArrayList<>();
        for (Concept concept : concepts) {
            Canvas with = place(canvas, concept, placed.size() + 1, wholes, draw);
            if (with != null) {
                canvas = with;
                placed.add(concept);
            }
        }
        Optional<Scene.Word> word = draw.chance(config.words()) ? word(canvas, draw, wholes) : Optional.empty();
        return scene(index, canvas, placed, wholes, word);
    }

    /** Height and width: the shorter side evenly distributed, the ratio of the sides evenly in its logarithm. */
    private int[] size(Draw draw) {
        double aspect = StrictMath.exp(draw.uniform() * StrictMath.log(config.maxAspect()));
        int shorter = draw.between(config.minSide(), Math.max(config.minSide(), (int) (config.maxSide() / aspect)));
        int longer = Math.clamp((int) (shorter * aspect), shorter, config.maxSide());
        return draw.chance(0.5) ? new int[] {shorter, longer} : new int[] {longer, shorter};
    }

    /** The concepts of a scene, all different; the first ones are what the split asks for. */
    private List<Concept> concepts(Draw draw) {
        int least = split == SceneSplit.HELD_OUT_PAIRS ? Math.max(2, config.minObjects()) : config.minObjects();
        int count = draw.between(least, config.maxObjects());
        List<Concept> out = new ArrayList<>();
        switch (split) {
            case HELD_OUT_CONCEPTS -> out.add(heldOut.get(draw.below(heldOut.size())));
            case HELD_OUT_PAIRS -> {
                Concept first = usual.get(draw.below(usual.size()));
                Concept second = usual.get(draw.below(usual.size()));
                while (!SceneSplit.isHeldOut(first, second)) {
                    second = usual.get(draw.below(usual.size()));
                }
                out.addAll(List.of(first, second));
            }
            case TRAIN, VALIDATION, TEST -> { }
        }
        while (out.size() < count) {
            Concept next = usual.get(draw.below(usual.size()));
            boolean fits = !out.contains(next) && (split == SceneSplit.HELD_OUT_PAIRS
                    || out.stream().noneMatch(other -> SceneSplit.isHeldOut(other, next)));
            if (fits) {
                out.add(next);
            }
        }
        return out;
    }

    /** The canvas with one object more of which, as of all before it, enough is seen; null after too many tries. */
    private Canvas place(Canvas canvas, Concept concept, int number, List<Integer> wholes, Draw draw) {
        Sprite sprite = concept.sprites().get(draw.below(concept.sprites().size()));
        // a mirrored sign or letter is another one
        boolean mirror = draw.chance(0.5) && !concept.category().equals("Symbols");
        int room = Math.min(canvas.height, canvas.width);
        for (int attempt = 0; attempt < TRIES; attempt++) {
            // smaller and smaller, so that even a crowded scene takes the last object
            int longest = Math.max(8, room * draw.between(30, 65) / 100 * (TRIES - attempt / 2) / TRIES);
            int side = Math.max(sprite.height(), sprite.width());
            int h = Math.max(1, sprite.height() * longest / side);
            int w = Math.max(1, sprite.width() * longest / side);
            Sprite scaled = sprite.scaled(h, w);
            Sprite turned = mirror ? scaled.mirrored() : scaled;
            Canvas with = copy(canvas);
            with.put(turned, draw.below(canvas.height - h + 1), draw.below(canvas.width - w + 1), number);
            int whole = seen(turned);
            List<Integer> all = new ArrayList<>(wholes);
            all.add(whole);
            if (whole > 0 && areSeen(with, all)) {
                wholes.add(whole);
                return with;
            }
        }
        return null;
    }

    private static Canvas copy(Canvas canvas) {
        Canvas out = new Canvas(canvas.height, canvas.width);
        System.arraycopy(canvas.rgb, 0, out.rgb, 0, out.rgb.length);
        System.arraycopy(canvas.owner, 0, out.owner, 0, out.owner.length);
        return out;
    }

    private static int seen(Sprite sprite) {
        int count = 0;
        for (int i = 3; i < sprite.rgba().length; i += 4) {
            count += (sprite.rgba()[i] & 0xff) >= Sprite.OPAQUE ? 1 : 0;
        }
        return count;
    }

    private static boolean areSeen(Canvas canvas, List<Integer> wholes) {
        int[] visible = visible(canvas, wholes.size());
        for (int i = 0; i < wholes.size(); i++) {
            if (visible[i] < SEEN * wholes.get(i)) {
                return false;
            }
        }
        return true;
    }

    private static int[] visible(Canvas canvas, int objects) {
        int[] out = new int[objects];
        for (byte number : canvas.owner) {
            if (number > 0) {
                out[number - 1]++;
            }
        }
        return out;
    }

    /** Writes a word where it leaves enough of every object to see; none if there is no such place. */
    private Optional<Scene.Word> word(Canvas canvas, Draw draw, List<Integer> wholes) {
        String text = Words.ALL.get(draw.below(Words.ALL.size()));
        int ink = draw.below(1 << 24);
        // Rec. 601 luma decides which plate the ink can be read on
        int luma = (299 * (ink >> 16 & 0xff) + 587 * (ink >> 8 & 0xff) + 114 * (ink & 0xff)) / 1000;
        int plate = luma < 128 ? 0xf0f0f0 : 0x101010;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            int dot = attempt < TRIES / 2 && draw.chance(0.5) ? 2 : 1;
            int across = (text.length() * Glyphs.ADVANCE + 1) * dot;
            int down = (Glyphs.HEIGHT + 2) * dot;
            if (across > canvas.width || down > canvas.height) {
                continue;
            }
            int top = draw.below(canvas.height - down + 1);
            int left = draw.below(canvas.width - across + 1);
            Canvas with = copy(canvas);
            with.write(text, top, left, dot, ink, plate);
            if (areSeen(with, wholes)) {
                canvas.write(text, top, left, dot, ink, plate);
                return Optional.of(new Scene.Word(text, new Scene.Box(left, top, left + across, top + down)));
            }
        }
        return Optional.empty();
    }

    private Scene scene(long index, Canvas canvas, List<Concept> placed, List<Integer> wholes, Optional<Scene.Word> word) {
        int[] visible = visible(canvas, placed.size());
        List<Scene.Placed> objects = new ArrayList<>();
        for (int i = 0; i < placed.size(); i++) {
            objects.add(new Scene.Placed(placed.get(i).index(), sheet.category(placed.get(i).index()), box(canvas, i + 1),
                    visible[i], wholes.get(i)));
        }
        return new Scene(index, Picture.of(canvas.height, canvas.width, 3, canvas.rgb), objects, canvas.owner, word);
    }

    private static Scene.Box box(Canvas canvas, int number) {
        int left = canvas.width;
        int top = canvas.height;
        int right = 0;
        int bottom = 0;
        for (int at = 0; at < canvas.owner.length; at++) {
            if (canvas.owner[at] == number) {
                left = Math.min(left, at % canvas.width);
                right = Math.max(right, at % canvas.width + 1);
                top = Math.min(top, at / canvas.width);
                bottom = Math.max(bottom, at / canvas.width + 1);
            }
        }
        return new Scene.Box(left, top, right, bottom);
    }

    /** What is asked of a scene. */
    public enum Question {
        /** How many objects there are: one class a scene. */
        COUNT,
        /** Which category has the most pixels: one class a scene. */
        DOMINANT,
        /** Which kind, a sub-group of a category, the object that shows the most pixels is of: one class of 95 a scene. */
        KIND,
        /** Which categories are there: any number of classes a scene. */
        PRESENCE
    }

    /**
     * The first scenes as pictures with classes, for scenes of one size.
     *
     * @throws IllegalArgumentException if the scenes are not all of one size
     */
    public ImageSet imageSet(String name, int count, Question question) {
        if (config.minSide() != config.maxSide()) {
            throw new IllegalArgumentException("scenes: expected scenes of one size for a set of pictures, found sides of "
                    + config.minSide() + " to " + config.maxSide() + "; use SceneConfig.square");
        }
        int side = config.minSide();
        byte[] pixels = new byte[Math.multiplyExact(count, side * side * 3)];
        List<List<Integer>> classes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Scene scene = scene(i);
            System.arraycopy(scene.picture().pixels(), 0, pixels, i * side * side * 3, side * side * 3);
            classes.add(switch (question) {
                case COUNT -> List.of(scene.count() - 1);
                case DOMINANT -> List.of(scene.dominant(sheet.categories().size()));
                case KIND -> List.of(sheet.kind(scene.largest().concept()));
                case PRESENCE -> scene.objects().stream().map(Scene.Placed::category).distinct().sorted().toList();
            });
        }
        List<String> names = switch (question) {
            case COUNT -> IntStream.rangeClosed(1, config.maxObjects()).mapToObj(Integer::toString).toList();
            case KIND -> sheet.kinds();
            case DOMINANT, PRESENCE -> sheet.categories();
        };
        return question == Question.PRESENCE ? ImageSet.ofMany(name, side, side, 3, pixels, classes, names, "")
                : ImageSet.of(name, side, side, 3, pixels, classes.stream().mapToInt(List::getFirst).toArray(), names, "");
    }
}

package tessella.models.scenes;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tessella.models.data.Picture;

/**
 * A picture with everything that is known of it.
 *
 * @param index which scene of its generator
 * @param picture the pixels, red green blue
 * @param objects from the back to the front
 * @param owner [height * width] the number of the object that a pixel shows, from 1, or 0 for the background
 * @param word the word in the picture, if there is one
 */
public record Scene(long index, Picture picture, List<Placed> objects, byte[] owner, Optional<Word> word) {
    /** Copies the list. */
    public Scene {
        objects = List.copyOf(objects);
    }

    /** A rectangle of pixels, right and bottom excluded. */
    public record Box(int left, int top, int right, int bottom) {
        /** Pixels from left to right. */
        public int width() {
            return right - left;
        }

        /** Pixels from top to bottom. */
        public int height() {
            return bottom - top;
        }
    }

    /**
     * An object in the scene.
     *
     * @param concept which concept of the sheet
     * @param category which category of the sheet
     * @param box around the pixels of it that are seen
     * @param visible pixels of it that are seen
     * @param whole pixels of it that would be seen without the others
     */
    public record Placed(int concept, int category, Box box, int visible, int whole) {}

    /** A word, and the box around it; it covers what is behind it. */
    public record Word(String text, Box box) {}

    /** How two objects lie to each other. */
    public enum Relation {
        /** The box of the first ends before that of the second begins. */
        LEFT_OF,
        /** The other way round. */
        RIGHT_OF,
        /** The box of the first ends above that of the second. */
        ABOVE,
        /** The other way round. */
        BELOW,
        /** The first has at least twice the pixels of the second. */
        LARGER,
        /** The other way round. */
        SMALLER
    }

    /** Whether a pixel shows an object. */
    public boolean mask(int object, int y, int x) {
        return owner[y * picture.width() + x] == object + 1;
    }

    /** All relations that hold from object a to object b. */
    public List<Relation> relations(int a, int b) {
        Placed first = objects.get(a);
        Placed second = objects.get(b);
        List<Relation> out = new ArrayList<>();
        if (first.box.right <= second.box.left) {
            out.add(Relation.LEFT_OF);
        }
        if (second.box.right <= first.box.left) {
            out.add(Relation.RIGHT_OF);
        }
        if (first.box.bottom <= second.box.top) {
            out.add(Relation.ABOVE);
        }
        if (second.box.bottom <= first.box.top) {
            out.add(Relation.BELOW);
        }
        if (first.visible >= 2 * second.visible) {
            out.add(Relation.LARGER);
        }
        if (second.visible >= 2 * first.visible) {
            out.add(Relation.SMALLER);
        }
        return out;
    }

    /** Which of so many categories are there, 1 or 0. */
    public float[] presence(int categories) {
        float[] out = new float[categories];
        objects.forEach(object -> out[object.category] = 1);
        return out;
    }

    /** Number of objects. */
    public int count() {
        return objects.size();
    }

    /** The category with the most pixels, the lower number of equals. */
    public int dominant(int categories) {
        int[] pixels = new int[categories];
        objects.forEach(object -> pixels[object.category] += object.visible);
        int best = 0;
        for (int i = 1; i < categories; i++) {
            best = pixels[i] > pixels[best] ? i : best;
        }
        return best;
    }

    /** The object that shows the most pixels, the one further back of equals. */
    public Placed largest() {
        Placed best = objects.getFirst();
        for (Placed object : objects) {
            best = object.visible > best.visible ? object : best;
        }
        return best;
    }
}

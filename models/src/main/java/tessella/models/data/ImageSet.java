package tessella.models.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Pictures of one size in memory, each with its class, or each with any number of classes. Immutable, hence safe for any number
 * of threads.
 */
public final class ImageSet implements Dataset {
    private final String name;
    private final int height;
    private final int width;
    private final int channels;
    private final byte[] pixels; // [size, height, width, channels]
    private final int[] labels; // -1 for what has not exactly one class
    private final List<List<Integer>> classes; // of each picture; null if each has exactly one
    private final List<String> classNames;
    private final String sha256;

    private ImageSet(String name, int height, int width, int channels, byte[] pixels, int[] labels,
            List<List<Integer>> classes, List<String> classNames, String sha256) {
        this.name = name;
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.pixels = pixels;
        this.labels = labels;
        this.classes = classes;
        this.classNames = classNames;
        this.sha256 = sha256;
    }

    /**
     * Wraps copies of the given arrays.
     *
     * @param name       what the set is called in messages: {@code "digits test"}
     * @param height     rows of a picture, at least 1
     * @param width      pixels in a row, at least 1
     * @param channels   1 (grey) or 3 (red, green, blue)
     * @param pixels     [labels.length, height, width, channels], read as 0 to 255
     * @param labels     the class of each picture, 0 to {@code classNames.size() - 1}
     * @param classNames the names of the classes
     * @param sha256     the hash of the files this came from, in hexadecimal, or "" if it came from none
     * @return the set
     * @throws IllegalArgumentException if the extents, the numbers of bytes and labels, or a label do not fit
     */
    public static ImageSet of(String name, int height, int width, int channels, byte[] pixels, int[] labels,
            List<String> classNames, String sha256) {
        if (height < 1 || width < 1 || channels != 1 && channels != 3) {
            throw new IllegalArgumentException("%s: expected at least 1 x 1 pixels and 1 or 3 channels, found %d x %d "
                    .formatted(name, height, width) + "and " + channels);
        }
        if ((long) labels.length * height * width * channels != pixels.length) {
            throw new IllegalArgumentException("%s: expected %d bytes for %d pictures of %d x %d x %d, found %d"
                    .formatted(name, (long) labels.length * height * width * channels, labels.length, height, width,
                            channels, pixels.length));
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classNames.size()) {
                throw new IllegalArgumentException("%s: expected labels from 0 to %d, found %d at picture %d"
                        .formatted(name, classNames.size() - 1, labels[i], i));
            }
        }
        return new ImageSet(name, height, width, channels, pixels.clone(), labels.clone(), null, List.copyOf(classNames),
                Objects.requireNonNull(sha256));
    }

    /**
     * Wraps copies of pictures that may show several things, or nothing that has a class.
     *
     * @param classes of each picture, ascending, each once
     * @return the set, for which {@link #hasManyClasses} holds whatever the numbers of classes are
     * @throws IllegalArgumentException as for one class a picture
     */
    public static ImageSet ofMany(String name, int height, int width, int channels, byte[] pixels, List<List<Integer>> classes,
            List<String> classNames, String sha256) {
        List<List<Integer>> copy = classes.stream().map(List::copyOf).toList();
        int[] labels = copy.stream().mapToInt(own -> own.size() == 1 ? own.getFirst() : -1).toArray();
        // the checks of one class a picture, the highest of each in its place
        ImageSet set = of(name, height, width, channels, pixels, copy.stream().mapToInt(own -> own.isEmpty() ? 0 : own.getLast())
                .toArray(), classNames, sha256);
        return new ImageSet(name, height, width, channels, set.pixels, labels, copy, set.classNames, sha256);
    }

    /**
     * Reads all examples of a data set into memory, brought to one size: for sources that are slower than training.
     *
     * @param name     what the new set is called in messages
     * @param source   examples of exactly one class each
     * @param height   rows, at least 1
     * @param width    pixels in a row, at least 1
     * @param channels 1 or 3
     * @return the set, without a hash
     * @throws IOException              if an example cannot be read
     * @throws IllegalArgumentException if an example has no class or several, or all of them do not fit in an array
     */
    public static ImageSet of(String name, Dataset source, int height, int width, int channels) throws IOException {
        ImageSet many = ofMany(name, source, height, width, channels);
        for (int i = 0; i < many.size(); i++) {
            if (many.labels[i] < 0) {
                throw new IllegalArgumentException("%s: expected one class for each example, found the classes %s at %d".formatted(
                        name, many.classes(i), i));
            }
        }
        return new ImageSet(name, height, width, channels, many.pixels, many.labels, null, many.classNames, "");
    }

    /** As {@link #of(String, Dataset, int, int, int)}, for examples of any number of classes. */
    public static ImageSet ofMany(String name, Dataset source, int height, int width, int channels) throws IOException {
        long bytes = (long) height * width * channels;
        if (height < 1 || width < 1 || bytes * source.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("%s: expected at least 1 x 1 pixels and less than 2^31 bytes in all, found %d pictures "
                    .formatted(name, source.size()) + "of " + height + " x " + width + " x " + channels);
        }
        byte[] pixels = new byte[(int) bytes * source.size()];
        List<List<Integer>> classes = new ArrayList<>();
        for (int i = 0; i < source.size(); i++) {
            Example example = source.get(i);
            classes.add(example.classes());
            byte[] picture = example.picture().withChannels(channels).resized(height, width).shared();
            System.arraycopy(picture, 0, pixels, i * (int) bytes, (int) bytes);
        }
        return ofMany(name, height, width, channels, pixels, classes, source.classNames(), "");
    }

    /**
     * Returns the name for messages.
     *
     * @return such as {@code "digits test"}
     */
    public String name() {
        return name;
    }

    /**
     * Returns the number of pictures.
     *
     * @return 0 or more
     */
    @Override
    public int size() {
        return labels.length;
    }

    /**
     * Returns the rows of a picture.
     *
     * @return at least 1
     */
    public int height() {
        return height;
    }

    /**
     * Returns the pixels in a row.
     *
     * @return at least 1
     */
    public int width() {
        return width;
    }

    /**
     * Returns the channels of a pixel.
     *
     * @return 1 or 3
     */
    public int channels() {
        return channels;
    }

    /**
     * Returns the names of the classes, in the order of their numbers.
     *
     * @return an unmodifiable list
     */
    @Override
    public List<String> classNames() {
        return classNames;
    }

    /**
     * Returns the hash of the files the whole data set was read from, the same for all of its splits.
     *
     * @return 64 hexadecimal digits, or "" if the set came from no file
     */
    public String sha256() {
        return sha256;
    }

    /**
     * Returns whether a picture may have any number of classes; otherwise each has exactly one.
     *
     * @return of {@link #ofMany}
     */
    public boolean hasManyClasses() {
        return classes != null;
    }

    /**
     * Returns the classes of one picture.
     *
     * @param index 0 to {@code size() - 1}
     * @return ascending, unmodifiable
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    public List<Integer> classes(int index) {
        return classes == null ? List.of(label(index)) : classes.get(index);
    }

    /**
     * Returns the class of one picture.
     *
     * @param index 0 to {@code size() - 1}
     * @return 0 to {@code classNames().size() - 1}, or -1 for a picture that has not exactly one
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    public int label(int index) {
        return labels[Objects.checkIndex(index, labels.length)];
    }

    /**
     * Returns the class of every picture, as {@link #label} does.
     *
     * @return a new array
     */
    public int[] labels() {
        return labels.clone();
    }

    /**
     * Returns one picture with its classes.
     *
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    @Override
    public Example get(int index) {
        return new Example(picture(index), classes(index));
    }

    /**
     * Returns one picture.
     *
     * @param index 0 to {@code size() - 1}
     * @return the picture
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    public Picture picture(int index) {
        int start = Objects.checkIndex(index, labels.length) * pictureBytes();
        return Picture.owning(height, width, channels, Arrays.copyOfRange(pixels, start, start + pictureBytes()));
    }

    /**
     * Copies the chosen pictures into a set of their own.
     *
     * @param newName the name of the new set
     * @param indices which pictures, in the order wanted
     * @return the new set
     * @throws IndexOutOfBoundsException if there is no picture with one of the indices
     */
    public ImageSet select(String newName, int[] indices) {
        byte[] chosen = new byte[Math.multiplyExact(indices.length, pictureBytes())];
        int[] chosenLabels = new int[indices.length];
        List<List<Integer>> chosenClasses = classes == null ? null : new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
            chosenLabels[i] = label(indices[i]);
            if (classes != null) {
                chosenClasses.add(classes.get(indices[i]));
            }
            System.arraycopy(pixels, indices[i] * pictureBytes(), chosen, i * pictureBytes(), pictureBytes());
        }
        return new ImageSet(newName, height, width, channels, chosen, chosenLabels, chosenClasses, classNames, sha256);
    }

    /**
     * Returns the first pictures only.
     *
     * @param count how many, more than there are means all
     * @return this set if nothing is cut off, otherwise a new one under the same name
     * @throws IllegalArgumentException if the count is negative
     */
    public ImageSet first(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("%s: expected a count of pictures, found %d".formatted(name, count));
        }
        if (count >= size()) {
            return this;
        }
        return new ImageSet(name, height, width, channels, Arrays.copyOf(pixels, count * pictureBytes()),
                Arrays.copyOf(labels, count), classes == null ? null : classes.subList(0, count), classNames, sha256);
    }

    /** This set under a hash. */
    ImageSet withSha256(String hash) {
        return new ImageSet(name, height, width, channels, pixels, labels, classes, classNames, hash);
    }

    int pictureBytes() {
        return height * width * channels;
    }

    /** All pixels, [size, height, width, channels]: shared with the package, never written. */
    byte[] shared() {
        return pixels;
    }

    @Override
    public String toString() {
        return "%s: %d pictures of %d x %d x %d in %d classes".formatted(name, size(), height, width, channels,
                classNames.size());
    }
}

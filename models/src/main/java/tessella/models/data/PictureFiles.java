package tessella.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Picture files and the classes of each, read when they are asked for. What is listed, and in which order, does not depend on
 * the file system or the locale. Immutable, hence safe for any number of threads.
 */
public final class PictureFiles implements Dataset {
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "gif", "bmp");
    private static final int LARGEST_TABLE = 1 << 28;

    private final String name;
    private final List<Path> files;
    private final List<int[]> classes;
    private final List<String> classNames;
    private final long largest;

    private PictureFiles(String name, List<Path> files, List<int[]> classes, List<String> classNames, long largest) {
        this.name = name;
        this.files = files;
        this.classes = classes;
        this.classNames = classNames;
        this.largest = largest;
    }

    /**
     * Lists a folder that has a sub-folder for each class, which holds the pictures of the class at any depth. Classes are
     * sorted by the bytes of their names, pictures by the bytes of their paths. Hidden files (their name begins with a dot),
     * and files that do not end in .png, .jpg, .jpeg, .gif or .bmp (in upper or lower case), do not count.
     *
     * @param root the folder
     * @return its pictures
     * @throws IOException if it is no folder, it has no sub-folder, one of them has no picture, or there are pictures beside
     *     them
     */
    public static PictureFiles folder(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            throw new DataException("%s: expected a folder with a sub-folder for each class, found %s".formatted(root,
                    Files.exists(root) ? "a file" : "none"));
        }
        List<Path> folders = new ArrayList<>();
        try (Stream<Path> paths = Files.list(root)) {
            for (Path path : paths.sorted(Comparator.comparing(PathBytes::of)).toList()) {
                if (isPicture(path)) {
                    throw new DataException("%s: expected pictures in sub-folders, one for each class, found %s beside them"
                            .formatted(root, path.getFileName()));
                }
                if (Files.isDirectory(path) && !isHidden(path)) {
                    folders.add(path);
                }
            }
        }
        if (folders.isEmpty()) {
            throw new DataException("%s: expected a sub-folder for each class, found none".formatted(root));
        }
        List<Path> files = new ArrayList<>();
        List<int[]> classes = new ArrayList<>();
        for (int c = 0; c < folders.size(); c++) {
            Path folder = folders.get(c);
            try (Stream<Path> paths = Files.walk(folder)) {
                List<Path> pictures = paths.filter(PictureFiles::isPicture).sorted(Comparator.comparing(PathBytes::of)).toList();
                if (pictures.isEmpty()) {
                    throw new DataException("%s: expected pictures of the class, found none (PNG, JPEG, GIF or BMP)"
                            .formatted(folder));
                }
                files.addAll(pictures);
                for (int i = 0; i < pictures.size(); i++) {
                    classes.add(new int[] {c});
                }
            }
        }
        List<String> names = folders.stream().map(folder -> PathBytes.of(folder).lastName()).toList();
        return new PictureFiles(root.toString(), List.copyOf(files), classes, names, PictureReader.MAX_PIXELS);
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    private static boolean isPicture(Path path) {
        String file = path.getFileName().toString();
        String ending = file.substring(file.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return !isHidden(path) && ENDINGS.contains(ending) && Files.isRegularFile(path);
    }

    /**
     * Reads a table of pictures: CSV in UTF-8 (RFC 4180) with two fields a line, a path, absolute or from the folder of the
     * table on, and its classes with {@code ;} between them, in any number; blanks about a class do not count. A first line
     * {@code path,classes} is a heading. Pictures keep the order of the lines, classes are sorted by the bytes of their names.
     *
     * @param table the file; if its name ends in .gz, it is unpacked
     * @return its pictures
     * @throws IOException if a line is not as described, names a file that is missing, or a class twice
     */
    public static PictureFiles csv(Path table) throws IOException {
        List<Csv.Line> lines = Csv.read(DataFile.read(table), LARGEST_TABLE);
        List<Path> files = new ArrayList<>();
        List<List<String>> labels = new ArrayList<>();
        for (Csv.Line line : lines) {
            if (line.fields().size() != 2) {
                throw new DataException("%s, line %d: expected a path and its classes, found %d fields".formatted(table,
                        line.number(), line.fields().size()));
            }
            if (line == lines.getFirst() && line.fields().equals(List.of("path", "classes"))) {
                continue;
            }
            files.add(file(table, line));
            List<String> own = Arrays.stream(line.fields().get(1).split(";")).map(String::strip)
                    .filter(label -> !label.isEmpty()).toList();
            if (Set.copyOf(own).size() < own.size()) {
                throw new DataException("%s, line %d: expected each class once, found %s".formatted(table, line.number(), own));
            }
            labels.add(own);
        }
        Set<String> sorted = new TreeSet<>(Comparator.comparing(PathBytes::of));
        labels.forEach(sorted::addAll);
        List<String> names = List.copyOf(sorted);
        List<int[]> classes = labels.stream().map(own -> own.stream().mapToInt(names::indexOf).sorted().toArray()).toList();
        return new PictureFiles(table.toString(), List.copyOf(files), classes, names, PictureReader.MAX_PIXELS);
    }

    private static Path file(Path table, Csv.Line line) throws DataException {
        String text = line.fields().getFirst();
        try {
            Path file = table.resolveSibling(text);
            if (!text.isEmpty() && Files.isRegularFile(file)) {
                return file;
            }
        } catch (InvalidPathException e) {
            // the sentence below says all there is to say
        }
        throw new DataException("%s, line %d: expected the path of a picture file, found no file \"%s\"".formatted(table,
                line.number(), text));
    }

    /**
     * Returns these pictures with the classes numbered as somewhere else, such as in the pictures a model was trained on.
     *
     * @param names all names of classes, in the order of their numbers
     * @return the same files
     * @throws IllegalArgumentException if a class is not among the names, or one of them is there twice
     */
    public PictureFiles withClasses(List<String> names) {
        Map<String, Integer> numbers = new HashMap<>();
        for (String label : names) {
            if (numbers.put(label, numbers.size()) != null) {
                throw new IllegalArgumentException("%s: expected names of classes that differ, found %s".formatted(name, names));
            }
        }
        for (String label : classNames) {
            if (!numbers.containsKey(label)) {
                throw new IllegalArgumentException("%s: expected the classes %s, found \"%s\"".formatted(name, names, label));
            }
        }
        List<int[]> renumbered = classes.stream()
                .map(own -> Arrays.stream(own).map(c -> numbers.get(classNames.get(c))).sorted().toArray()).toList();
        return new PictureFiles(name, files, renumbered, List.copyOf(names), largest);
    }

    /**
     * Returns these pictures with another limit of their size.
     *
     * @param pixels the most pixels a picture may have, at least 1; {@link PictureReader#MAX_PIXELS} if nothing is said
     * @return the same files
     * @throws IllegalArgumentException if the limit is below 1
     */
    public PictureFiles withLargest(long pixels) {
        if (pixels < 1) {
            throw new IllegalArgumentException("%s: expected a limit of at least 1 pixel, found %d".formatted(name, pixels));
        }
        return new PictureFiles(name, files, classes, classNames, pixels);
    }

    /**
     * Returns the chosen pictures, for splits and quick tries.
     *
     * @param indices which, in the order wanted
     * @return their files, with the classes of all
     * @throws IndexOutOfBoundsException if there is no picture with one of the indices
     */
    public PictureFiles select(int[] indices) {
        return new PictureFiles(name, IntStream.of(indices).mapToObj(files::get).toList(),
                IntStream.of(indices).mapToObj(classes::get).toList(), classNames, largest);
    }

    /**
     * Returns the file of one picture.
     *
     * @param index 0 to {@code size() - 1}
     * @return its path
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    public Path file(int index) {
        return files.get(index);
    }

    /**
     * Returns the classes of one picture, without reading it.
     *
     * @param index 0 to {@code size() - 1}
     * @return ascending
     * @throws IndexOutOfBoundsException if there is no such picture
     */
    public List<Integer> classes(int index) {
        return Arrays.stream(classes.get(index)).boxed().toList();
    }

    /**
     * Returns whether a picture has not exactly one class.
     *
     * @return always false for a folder
     */
    public boolean hasManyClasses() {
        return classes.stream().anyMatch(own -> own.length != 1);
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public Example get(int index) throws IOException {
        return Example.of(PictureReader.read(file(index), largest), classes.get(index));
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String toString() {
        return "%s: %d picture files in %d classes".formatted(name, size(), classNames.size());
    }
}

package tessella.models.scenes;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;

/** The emoji that ship, by concept; models/data/README.md has source and licences. */
public final class EmojiSheet {
    /** Where the sheet lies under models/data. */
    public static final Path FILE = Path.of("emoji", "noto-emoji-32.zip");
    private static final int NAME = 6;
    private static final int KEYWORDS = 5;
    private static final int CATEGORY = 3;
    private static final int KIND = 4;

    private final List<Concept> concepts;
    private final List<String> categories;
    private final List<String> kinds;

    private EmojiSheet(List<Concept> concepts) {
        this.concepts = List.copyOf(concepts);
        this.categories = List.copyOf(new TreeSet<>(concepts.stream().map(Concept::category).toList()));
        this.kinds = List.copyOf(new TreeSet<>(concepts.stream().map(Concept::kind).toList()));
    }

    /**
     * Reads a sheet: a zip of PNG files and {@code captions.tsv}.
     *
     * @throws IOException if the file cannot be read, or is not such a zip
     */
    public static EmojiSheet read(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile(), StandardCharsets.UTF_8)) {
            Map<String, List<Sprite>> sprites = new LinkedHashMap<>();
            Map<String, String[]> firsts = new LinkedHashMap<>();
            String captions = new String(bytes(file, zip, "captions.tsv"), StandardCharsets.UTF_8);
            for (String line : captions.lines().toList()) {
                String[] fields = line.split("\t", -1);
                if (fields.length <= NAME) {
                    throw new IOException(file + ": expected at least " + (NAME + 1)
                            + " fields in a line of captions.tsv, found \""
                            + line + "\"");
                }
                String key = fields[CATEGORY] + ": " + name(fields[NAME]);
                firsts.putIfAbsent(key, fields);
                sprites.computeIfAbsent(key, k -> new ArrayList<>()).add(sprite(file, zip, fields[0]));
            }
            List<Concept> concepts = new ArrayList<>();
            firsts.forEach((key, fields) -> concepts.add(new Concept(concepts.size(), name(fields[NAME]), fields[CATEGORY],
                    fields[KIND], List.of(fields[KEYWORDS].split("\\|")), sprites.get(key))));
            return new EmojiSheet(concepts);
        }
    }

    /** The name without who does it and at what hour: variants of one concept differ in that only. */
    static String name(String caption) {
        String name = caption.toLowerCase(Locale.ROOT)
                .replaceAll("\\b(man|woman|person|men|women|people|boy|girl|male|female)\\b", " ")
                .replaceAll("^.*o.clock$|^.*-thirty$", "clock face")
                .replaceAll("^[: ]+|[: ]+$", "").replaceAll(" +", " ");
        return name.isEmpty() ? "person" : name;
    }

    private static Sprite sprite(Path file, ZipFile zip, String id) throws IOException {
        BufferedImage image;
        try (InputStream in = zip.getInputStream(entry(file, zip, id + ".png"))) {
            image = ImageIO.read(in);
        }
        if (image == null) {
            throw new IOException(file + ": " + id + ".png: expected a PNG picture, found something else");
        }
        int[] rgb = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return Sprite.cutFromWhite(id, image.getHeight(), image.getWidth(), rgb).cropped();
    }

    private static byte[] bytes(Path file, ZipFile zip, String name) throws IOException {
        try (InputStream in = zip.getInputStream(entry(file, zip, name))) {
            return in.readAllBytes();
        }
    }

    private static ZipEntry entry(Path file, ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IOException(file + ": expected an entry " + name + ", found none; this is not a sheet of emoji");
        }
        return entry;
    }

    List<Concept> concepts() {
        return concepts;
    }

    /** Number of concepts. */
    public int size() {
        return concepts.size();
    }

    /** English name of a concept. */
    public String name(int concept) {
        return concepts.get(concept).name();
    }

    /** The categories, sorted. */
    public List<String> categories() {
        return categories;
    }

    /** The category of a concept, an index into {@link #categories}. */
    public int category(int concept) {
        return categories.indexOf(concepts.get(concept).category());
    }

    /** The kinds, sub-groups of the categories such as "food-fruit", sorted. */
    public List<String> kinds() {
        return kinds;
    }

    /** The kind of a concept, an index into {@link #kinds}. */
    public int kind(int concept) {
        return kinds.indexOf(concepts.get(concept).kind());
    }
}

package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tessella.engine.io.AtomicFile;

/**
 * Where the slots of one Soft MoE layer look, as a picture of its own: a row for each picture, a column for each slot. The glow is
 * the dispatch weight of a slot over the patches. Equal figures have equal bytes.
 *
 * @param figure the layer; its statistics are those of its pictures
 */
public record RoutingPicture(RoutingFigure figure) {
    private static final int SIDE = 56;
    private static final int STEP = SIDE + 4;
    private static final int GAP = 12;
    private static final int LEFT = 16;
    private static final int CAPTION = 150;
    private static final int TOP = 62;
    private static final String CSS = StyleSheet.bright(
            "text{font:13px sans-serif;fill:var(--muted)} .name{fill:var(--ink);font-size:14px} image{image-rendering:pixelated}");

    /**
     * Returns the picture.
     *
     * @return SVG, which holds its pixels itself
     */
    public String svg() {
        int slots = figure.statistics().slotsPerExpert();
        int width = CAPTION + STEP + GAP + figure.shownExperts().size() * (slots * STEP + GAP) + LEFT;
        int height = TOP + figure.pictures().size() * STEP + 44;
        double scale = RoutingSection.scale(figure);
        Markup out = new Markup();
        out.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + width + " " + height, "width", width, "role", "img",
                "aria-label", "Dispatch weights in " + figure.layer());
        out.style(CSS).empty("rect", "width", width, "height", height, "fill", "#ffffff").line();
        out.element("text", "%s: where the slots of %s of %s experts look".formatted(figure.layer(), figure.shownExperts().size(),
                figure.statistics().experts()), "class", "name", "x", LEFT, "y", 24).line();
        for (int e = 0; e < figure.shownExperts().size(); e++) {
            out.element("text", "expert " + figure.shownExperts().get(e), "x", left(e, 0), "y", TOP - 10).line();
        }
        for (int row = 0; row < figure.pictures().size(); row++) {
            row(out, row, TOP + row * STEP, scale);
        }
        legend(out, height - 22, scale);
        return out.close().finish() + "\n";
    }

    private int left(int expert, int slot) {
        return CAPTION + STEP + GAP + expert * (figure.statistics().slotsPerExpert() * STEP + GAP) + slot * STEP;
    }

    private void row(Markup out, int row, int y, double scale) {
        RoutedPicture picture = figure.pictures().get(row);
        String[] words = picture.caption().split(", ");
        for (int i = 0; i < Math.min(3, words.length); i++) {
            out.element("text", words[i], "x", LEFT, "y", y + 18 + 16 * i);
        }
        out.open("g", "id", "picture" + row);
        image(out, Png.dataUri(picture.picture()), CAPTION, y);
        out.close();
        for (int e = 0; e < figure.shownExperts().size(); e++) {
            for (int slot = 0; slot < figure.statistics().slotsPerExpert(); slot++) {
                int x = left(e, slot);
                out.empty("use", "href", "#picture" + row, "x", x - CAPTION); // the pixels once, however many slots
                out.empty("rect", "x", x, "y", y, "width", SIDE, "height", SIDE, "fill", "#202428", "fill-opacity", "0.65");
                image(out, RoutingSection.glow(figure, picture,
                        figure.shownExperts().get(e) * figure.statistics().slotsPerExpert() + slot, scale), x, y);
            }
        }
        out.line();
    }

    private static void image(Markup out, String uri, int x, int y) {
        out.empty("image", "href", uri, "x", x, "y", y, "width", SIDE, "height", SIDE, "preserveAspectRatio", "none");
    }

    private void legend(Markup out, int y, double scale) {
        out.open("linearGradient", "id", "ramp");
        for (int i = 0; i <= 8; i++) {
            int[] colour = RoutingSection.colour(i / 8.0);
            out.empty("stop", "offset", Numbers.fixed(i / 8.0, 3), "stop-color", "#%02x%02x%02x".formatted(colour[0], colour[1], colour[2]),
                    "stop-opacity", Numbers.fixed(colour[3] / 255.0, 3));
        }
        out.close();
        out.empty("rect", "x", LEFT + 14, "y", y - 11, "width", 120, "height", 12, "fill", "#333333");
        out.empty("rect", "x", LEFT + 14, "y", y - 11, "width", 120, "height", 12, "fill", "url(#ramp)");
        out.element("text", "0", "x", LEFT, "y", y).element("text", "%s times the uniform weight 1/%s or more".formatted(
                Numbers.fixed(scale, 1), figure.statistics().tokens()), "x", LEFT + 142, "y", y).line();
    }

    /**
     * Writes the picture, under its name only when it is whole.
     *
     * @param file the file, replaced if it exists
     * @throws IOException if writing fails
     */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, svg().getBytes(StandardCharsets.UTF_8));
    }
}

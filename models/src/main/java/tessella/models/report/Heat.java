package tessella.models.report;

/**
 * The colours behind the numbers of a table: from the colour of the page to a strong one, as the style sheet mixes
 * them, and the colour of a text that can be read on each.
 */
enum Heat {
    /** On a bright page. */
    LIGHT(0xffffff, 0x1f5f9e),
    /** On a dark page. */
    DARK(0x1d2125, 0x6fabe8);

    private static final double[] LUMINANCE = {0.2126, 0.7152, 0.0722}; // of red, green, blue (WCAG 2)

    private final int page;
    private final int strong;

    Heat(int page, int strong) {
        this.page = page;
        this.strong = strong;
    }

    String page() {
        return "#%06x".formatted(page);
    }

    String strong() {
        return "#%06x".formatted(strong);
    }

    /** Whether white can be read better than black on the mix with this share of the strong colour, 0 to 1. */
    boolean needsWhite(double share) {
        return contrast(share, 1) > contrast(share, 0);
    }

    /** The contrast ratio of WCAG 2, 1 to 21, between the mix and a grey text of the given luminance. */
    double contrast(double share, double text) {
        double mix = 0;
        for (int c = 0; c < 3; c++) {
            int shift = 16 - 8 * c;
            double value = ((page >> shift & 0xff) * (1 - share) + (strong >> shift & 0xff) * share) / 255;
            mix += LUMINANCE[c] * (value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
        }
        return (Math.max(mix, text) + 0.05) / (Math.min(mix, text) + 0.05);
    }
}

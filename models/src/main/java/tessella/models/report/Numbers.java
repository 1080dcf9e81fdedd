package tessella.models.report;

import java.util.Locale;

/**
 * Numbers as the page writes them, whatever the language of the machine. Where a text holds integers, {@code %s}
 * writes them so too; {@code %d} would not.
 */
final class Numbers {
    private Numbers() {
    }

    /** With so many decimals; an en dash for NaN. */
    static String fixed(double value, int decimals) {
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** With four significant digits, in the shorter of the usual and the scientific form. */
    static String significant(double value) {
        if (Double.isNaN(value)) {
            return "\u2013";
        }
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e6)) {
            return String.format(Locale.ROOT, "%.3e", value).replaceFirst("\\.?0*e", "e").replace("e-0", "e-")
                    .replace("e+0", "e");
        }
        return size == 0 ? "0" : String.format(Locale.ROOT, "%." + Math.max(0, 3 - (int) Math.floor(Math.log10(size)))
                + "f", value);
    }

    /** With two significant digits, for a caption; an en dash for NaN. */
    static String fewDigits(double value) {
        return Double.isNaN(value) ? "\u2013" : value == 0 ? "0" : String.format(Locale.ROOT, "%.1e", value).replace("e-0", "e-")
                .replace("e+0", "e");
    }

    /** A count, with commas between thousands. */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String percent(double share) {
        return Double.isNaN(share) ? "\u2013" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** A coordinate or length in a picture. */
    static String place(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
    }
}

package tessella.models.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that was probably meant. */
final class Nearest {
    private Nearest() {
    }

    /** The closest name by {@link #distance}, the first of equals, if it is closer than half of the typed name. */
    static Optional<String> name(String typed, Collection<String> names) {
        return names.stream()
                .min(Comparator.comparingInt(name -> distance(typed, name)))
                .filter(name -> 2 * distance(typed, name) <= Math.max(typed.length(), name.length()));
    }

    /** {@code ", did you mean NAME?"}, or where to find the names when none is close. */
    static String hint(String typed, Collection<String> names, String list) {
        return name(typed, names).map(name -> ", did you mean " + name + "?").orElse(": " + list);
    }

    /**
     * The number of characters to insert, delete, replace, or swap with their neighbour to make one text of the other
     * (optimal string alignment).
     */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(replace, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}

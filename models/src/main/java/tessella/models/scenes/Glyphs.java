package tessella.models.scenes;

/** Capital letters and digits of 5 x 7 pixels, drawn by hand: system fonts differ from one machine to the next. */
final class Glyphs {
    static final int WIDTH = 5;
    static final int HEIGHT = 7;
    /** From one letter to the next. */
    static final int ADVANCE = 6;
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    /** Seven rows of five bits, the leftmost the highest, for each letter. */
    private static final String[] ROWS = {
        "0E 11 11 1F 11 11 11", "1E 11 11 1E 11 11 1E", "0E 11 10 10 10 11 0E", "1E 11 11 11 11 11 1E", "1F 10 10 1E 10 10 1F",
        "1F 10 10 1E 10 10 10", "0E 11 10 17 11 11 0F", "11 11 11 1F 11 11 11", "0E 04 04 04 04 04 0E", "07 02 02 02 02 12 0C",
        "11 12 14 18 14 12 11", "10 10 10 10 10 10 1F", "11 1B 15 15 11 11 11", "11 19 19 15 13 13 11", "0E 11 11 11 11 11 0E",
        "1E 11 11 1E 10 10 10", "0E 11 11 11 15 12 0D", "1E 11 11 1E 14 12 11", "0F 10 10 0E 01 01 1E", "1F 04 04 04 04 04 04",
        "11 11 11 11 11 11 0E", "11 11 11 11 11 0A 04", "11 11 11 15 15 1B 11", "11 11 0A 04 0A 11 11", "11 11 0A 04 04 04 04",
        "1F 01 02 04 08 10 1F", "0E 11 13 15 19 11 0E", "04 0C 04 04 04 04 0E", "0E 11 01 06 08 10 1F", "0E 11 01 06 01 11 0E",
        "02 06 0A 12 1F 02 02", "1F 10 1E 01 01 11 0E", "06 08 10 1E 11 11 0E", "1F 01 02 04 08 08 08", "0E 11 11 0E 11 11 0E",
        "0E 11 11 0F 01 02 0C"};

    private Glyphs() {}

    static boolean has(String word) {
        return word.chars().allMatch(c -> LETTERS.indexOf(c) >= 0);
    }

    /** Whether a pixel of a letter is set. */
    static boolean isSet(char letter, int y, int x) {
        int row = Integer.parseInt(ROWS[LETTERS.indexOf(letter)].substring(3 * y, 3 * y + 2), 16);
        return (row >> WIDTH - 1 - x & 1) != 0;
    }
}

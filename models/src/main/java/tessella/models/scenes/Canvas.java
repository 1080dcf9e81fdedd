package tessella.models.scenes;

/** Pixels that sprites and letters are put on, with who shows where. Integers only. */
final class Canvas {
    final int height;
    final int width;
    final byte[] rgb;
    final byte[] owner;

    Canvas(int height, int width) {
        this.height = height;
        this.width = width;
        rgb = new byte[height * width * 3];
        owner = new byte[height * width];
    }

    void set(int y, int x, int colour) {
        int at = (y * width + x) * 3;
        rgb[at] = (byte) (colour >> 16);
        rgb[at + 1] = (byte) (colour >> 8);
        rgb[at + 2] = (byte) colour;
    }

    /** Puts a sprite over what is there; pixels that it covers by half or more are its own from now on. */
    void put(Sprite sprite, int top, int left, int number) {
        for (int y = Math.max(0, -top); y < sprite.height() && top + y < height; y++) {
            for (int x = Math.max(0, -left); x < sprite.width() && left + x < width; x++) {
                int alpha = sprite.alpha(y, x);
                int at = (top + y) * width + left + x;
                for (int c = 0; c < 3; c++) {
                    int over = sprite.rgba()[(y * sprite.width() + x) * 4 + c] & 0xff;
                    int under = rgb[at * 3 + c] & 0xff;
                    rgb[at * 3 + c] = (byte) ((over * alpha + under * (255 - alpha) + 127) / 255);
                }
                if (alpha >= Sprite.OPAQUE) {
                    owner[at] = (byte) number;
                }
            }
        }
    }

    /** Writes a word with letters of so many pixels a dot, on a plate of another colour. */
    void write(String word, int top, int left, int dot, int ink, int plate) {
        int across = (word.length() * Glyphs.ADVANCE + 1) * dot;
        int down = (Glyphs.HEIGHT + 2) * dot;
        for (int y = 0; y < down; y++) {
            for (int x = 0; x < across; x++) {
                int row = y / dot - 1;
                int column = x / dot - 1;
                int letter = Math.floorDiv(column, Glyphs.ADVANCE);
                int within = Math.floorMod(column, Glyphs.ADVANCE);
                boolean inked = row >= 0 && row < Glyphs.HEIGHT && letter >= 0 && letter < word.length()
                        && within < Glyphs.WIDTH && Glyphs.isSet(word.charAt(letter), row, within);
                set(top + y, left + x, inked ? ink : plate);
                owner[(top + y) * width + left + x] = 0;
            }
        }
    }
}

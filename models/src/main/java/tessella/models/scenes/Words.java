package tessella.models.scenes;

import java.util.List;

/** What may be written in a scene: short words that look different from each other. */
final class Words {
    static final List<String> ALL = List.of("SUN", "MOON", "FISH", "BIRD", "TREE", "LEAF", "ROAD", "SHIP", "BELL", "DRUM",
            "KEY",
            "LAMP", "CAKE", "SALT", "RAIN", "WIND", "GOLD", "IRON", "BLUE", "RED", "EAST", "WEST", "STOP", "OPEN", "EXIT",
                    "HELLO",
            "YES", "NO", "ZERO", "SEVEN", "2026", "42", "100", "QUIZ", "JAZZ", "WAX");

    private Words() {}
}

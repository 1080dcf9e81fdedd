package tessella.models.scenes;

import java.util.List;

/**
 * What an emoji shows; variants of one thing (man, woman and person; clock faces) are one concept.
 *
 * @param index from 0, in the order of the sheet
 * @param name English, such as "red apple"
 * @param category one of the sheet's categories
 * @param kind its sub-group within the category, such as "food-fruit"
 * @param keywords English words that name it
 * @param sprites its pictures, at least one
 */
record Concept(int index, String name, String category, String kind, List<String> keywords, List<Sprite> sprites) {
    /** Copies the lists. */
    public Concept {
        keywords = List.copyOf(keywords);
        sprites = List.copyOf(sprites);
    }
}

package tessella.models.scenes;

import tessella.engine.Random;

/**
 * What a set of scenes may show. Which concepts and pairs are held out follows from their names alone, so the splits are the
 * same for every seed and every number of scenes.
 */
public enum SceneSplit {
    /** To learn from: neither a concept nor a pair of concepts that is held out. */
    TRAIN,
    /** As {@link #TRAIN}, other scenes: to choose by. */
    VALIDATION,
    /** As {@link #TRAIN}, other scenes: for the last number. */
    TEST,
    /** Every scene shows a concept that no training scene shows. */
    HELD_OUT_CONCEPTS,
    /** Every scene shows two concepts that training scenes show, but never together. */
    HELD_OUT_PAIRS;

    /** One concept in ten. */
    private static final double CONCEPTS = 0.1;
    /** One pair in five: with six objects a scene has up to fifteen. */
    private static final double PAIRS = 0.2;

    static boolean isHeldOut(Concept concept) {
        return Random.of(0, "held out: " + concept.category() + ": " + concept.name()).uniform(0) < CONCEPTS;
    }

    static boolean isHeldOut(Concept a, Concept b) {
        Concept first = a.index() < b.index() ? a : b;
        Concept second = a.index() < b.index() ? b : a;
        return first != second && Random.of(0, "held out: " + first.name() + " with " + second.name()).uniform(0) < PAIRS;
    }
}

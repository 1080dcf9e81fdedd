package tessella.models.data;

import java.util.List;

/**
 * RandAugment (Cubuk et al. 2019): a few changes to a picture, each drawn from {@link Distortion} with equal probability
 * and all of one magnitude. For each change two integers are drawn, which one it is and its direction, whether it has one
 * or not.
 *
 * @param changes   how many, one after the other, at least 0
 * @param magnitude 0 to 30; the formulas of {@link Distortion} use s = magnitude / 10
 */
public record RandAugment(int changes, double magnitude) implements Transform {
    private static final List<Distortion> ALL = List.of(Distortion.values());

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if one is not as described
     */
    public RandAugment {
        if (changes < 0 || !(magnitude >= 0 && magnitude <= Distortion.LARGEST)) {
            throw new IllegalArgumentException("RandAugment: expected 0 or more changes and a magnitude from 0 to "
                    + Distortion.LARGEST + ", found " + changes + " and " + magnitude);
        }
    }

    @Override
    public Picture apply(Picture picture, RandomSource random) {
        Picture changed = picture;
        for (int i = 0; i < changes; i++) {
            Distortion distortion = ALL.get(random.nextInt(ALL.size()));
            Distortion.Direction direction = random.nextInt(2) == 1 ? Distortion.Direction.FORTH : Distortion.Direction.BACK;
            changed = distortion.apply(changed, magnitude, direction);
        }
        return changed;
    }
}

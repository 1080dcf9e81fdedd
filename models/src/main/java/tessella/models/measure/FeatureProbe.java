package tessella.models.measure;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the features of a frozen model tell about test pictures, by those of training pictures: nearest neighbours by cosine, and
 * ridge regressions from few pictures of each class, as in Dosovitskiy et al. 2021 (section 4.1), and from all of them.
 *
 * @param nearest         [test pictures, at least {@link #RETRIEVED}], places of training pictures, the nearest first
 * @param predictions     the class of each test picture by its nearest neighbours
 * @param neighbours      share of test pictures that these name right
 * @param fewShot         share of test pictures that the probe of few shots names right, draw by draw
 * @param full            the same of the probe that learns from all training pictures
 * @param recalls         share of test pictures that have one of their class among the nearest 1, 5 and 10: {@link #RECALLED}
 */
public record FeatureProbe(int[][] nearest, int[] predictions, double neighbours, double[] fewShot, double full, double[] recalls) {
    /** How many nearest pictures the recalls look at. */
    public static final List<Integer> RECALLED = List.of(1, 5, 10);
    /** How many nearest pictures are searched for at least. */
    public static final int RETRIEVED = 10;

    /**
     * What to measure.
     *
     * @param shots      pictures of each class that the small probe learns from, at least 1
     * @param neighbours how many nearest pictures vote for a class, at least 1
     * @param draws      how often the few pictures are drawn, by the seeds 1, 2, ...; at least 2, for the interval of their mean
     */
    public record Settings(int shots, int neighbours, int draws) {
        /**
         * Checks the three.
         *
         * @throws IllegalArgumentException if one is too small
         */
        public Settings {
            if (shots < 1 || neighbours < 1 || draws < 2) {
                throw new IllegalArgumentException("probe: expected at least 1 shot, 1 neighbour and 2 draws, found " + shots + ", "
                        + neighbours + " and " + draws);
            }
        }

        /**
         * Refuses training pictures that are too few, before features are computed.
         *
         * @param labels     the class of each training picture
         * @param classNames the names of the classes
         * @throws IllegalArgumentException if a label is no class, a class has too few pictures, or all together are too few
         */
        public void check(int[] labels, List<String> classNames) {
            int[] counts = count("training", labels, classNames.size());
            for (int c = 0; c < counts.length; c++) {
                if (counts[c] < shots) {
                    throw new IllegalArgumentException("probe: expected at least " + shots + " training pictures of each class, found "
                            + counts[c] + " of " + classNames.get(c) + "; use fewer --shots");
                }
            }
            int wanted = Math.max(RETRIEVED, neighbours);
            if (labels.length < wanted) {
                throw new IllegalArgumentException("probe: expected at least " + wanted + " training pictures, as many as neighbours "
                        + "are looked at, found " + labels.length);
            }
        }
    }

    /**
     * Measures.
     *
     * @param train      what is learned from
     * @param test       what is named
     * @param classNames the names of the classes
     * @throws IllegalArgumentException if the settings refuse the training pictures, a test picture has none of the classes, or
     *     widths differ or features are not finite
     */
    public static FeatureProbe of(Features train, Features test, List<String> classNames, Settings settings) {
        settings.check(train.labels(), classNames);
        count("test", test.labels(), classNames.size());
        Neighbours kept = Neighbours.of(train.rows(), train.labels());
        int[][] nearest = kept.nearest(test.rows(), Math.max(RETRIEVED, settings.neighbours));
        int[] predictions = kept.predict(test.rows(), settings.neighbours);
        int classes = classNames.size();
        double[] fewShot = new double[settings.draws];
        for (int draw = 0; draw < settings.draws; draw++) {
            int[] shots = RidgeProbe.shots(train.labels(), classes, settings.shots, draw + 1);
            fewShot[draw] = ridge(select(train, shots), test, classes);
        }
        double[] recalls = RECALLED.stream().mapToDouble(k -> Metrics.foundAt(nearest, train.labels(), test.labels(), k)).toArray();
        return new FeatureProbe(nearest, predictions, share(predictions, test.labels()), fewShot, ridge(train, test, classes), recalls);
    }

    private static Features select(Features from, int[] places) {
        return new Features(Arrays.stream(places).mapToObj(i -> from.rows()[i]).toArray(float[][]::new),
                Arrays.stream(places).map(i -> from.labels()[i]).toArray());
    }

    private static double ridge(Features train, Features test, int classes) {
        RidgeProbe probe = RidgeProbe.learn(train.rows(), train.labels(), classes, RidgeProbe.PENALTY);
        return share(Arrays.stream(test.rows()).mapToInt(probe::predict).toArray(), test.labels());
    }

    private static double share(int[] predictions, int[] labels) {
        return IntStream.range(0, labels.length).filter(i -> predictions[i] == labels[i]).count() / (double) labels.length;
    }

    private static int[] count(String what, int[] labels, int classes) {
        int[] counts = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException("probe: expected one of " + classes + " classes for each picture, found " + labels[i]
                        + " at " + what + " picture " + i);
            }
            counts[labels[i]]++;
        }
        return counts;
    }

    /** The mean of the draws of few pictures; it tells about other draws from the same training pictures, not about other models. */
    public Interval fewShotMean() {
        return Interval.of(fewShot);
    }
}

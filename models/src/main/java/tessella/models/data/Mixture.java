package tessella.models.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.SequencedSet;
import tessella.engine.Random;

/**
 * Several data sets as one, each met in proportion to its weight, however many examples it has: the part at a place is
 * drawn with probability weight / sum of weights, and the examples of a part come in a random order, each as often as the
 * others, or once more. All of it depends on (seed, epoch, place) alone. Classes of the same name are one class.
 */
public final class Mixture implements Dataset {
    private final long seed;
    private final List<Part> parts;
    private final List<String> classNames;
    private final int[][] classes; // from the class of a part to that of the mixture
    private final int[] part;
    private final int[] place;

    /**
     * One data set of a mixture.
     *
     * @param data   at least one example
     * @param weight above 0, relative to the other parts
     */
    public record Part(Dataset data, double weight) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if there is no example or the weight is not a positive finite number
         */
        public Part {
            if (data.size() < 1 || !(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("mixture: expected parts with examples and positive weights, found %d examples "
                        .formatted(data.size()) + "and the weight " + weight);
            }
        }
    }

    private Mixture(long seed, List<Part> parts, List<String> classNames, int[][] classes, int[] part, int[] place) {
        this.seed = seed;
        this.parts = parts;
        this.classNames = classNames;
        this.classes = classes;
        this.part = part;
        this.place = place;
    }

    /**
     * Mixes data sets, as they are met in epoch 0.
     *
     * @param size  how many examples an epoch has, 0 or more
     * @param seed  of the order
     * @param parts at least one
     * @return the mixture
     * @throws IllegalArgumentException if there is no part or the size is negative
     */
    public static Mixture of(int size, long seed, Part... parts) {
        if (size < 0 || parts.length == 0) {
            throw new IllegalArgumentException("mixture: expected at least one part and a size of 0 or more, found %d parts and %d"
                    .formatted(parts.length, size));
        }
        SequencedSet<String> names = new LinkedHashSet<>();
        for (Part one : parts) {
            names.addAll(one.data.classNames());
        }
        List<String> classNames = List.copyOf(names);
        int[][] classes = Arrays.stream(parts)
                .map(one -> one.data.classNames().stream().mapToInt(classNames::indexOf).toArray()).toArray(int[][]::new);
        return new Mixture(seed, List.of(parts), classNames, classes, new int[size], new int[size]).epoch(0);
    }

    /**
     * Returns the examples of another epoch.
     *
     * @param epoch its number, 0 or more
     * @return a mixture of the same parts
     */
    public Mixture epoch(long epoch) {
        double[] upTo = new double[parts.size()];
        double sum = 0;
        for (int p = 0; p < upTo.length; p++) {
            sum += parts.get(p).weight;
            upTo[p] = sum;
        }
        Random choice = Random.of(seed, "mixture").at(epoch, 0);
        int[] chosen = new int[size()];
        int[] places = new int[size()];
        int[] met = new int[parts.size()];
        List<int[]> orders = new ArrayList<>(parts.stream().map(_ -> new int[0]).toList());
        for (int i = 0; i < chosen.length; i++) {
            double u = choice.uniform(i) * sum;
            int p = 0;
            while (p < upTo.length - 1 && u >= upTo[p]) {
                p++;
            }
            int n = parts.get(p).data.size();
            if (met[p] % n == 0) {
                orders.set(p, Random.of(seed, "mixture part " + p).at(epoch, met[p] / n).permutation(n));
            }
            chosen[i] = p;
            places[i] = orders.get(p)[met[p]++ % n];
        }
        return new Mixture(seed, parts, classNames, classes, chosen, places);
    }

    @Override
    public int size() {
        return part.length;
    }

    /**
     * Returns the number of the part that an example comes from.
     *
     * @param index 0 to {@code size() - 1}
     * @return 0 for the first part, and so on
     * @throws IndexOutOfBoundsException if there is no such example
     */
    public int part(int index) {
        return part[Objects.checkIndex(index, part.length)];
    }

    @Override
    public Example get(int index) throws IOException {
        int p = part(index);
        Example example = parts.get(p).data.get(place[index]);
        return Example.of(example.picture(), example.classes().stream().mapToInt(c -> classes[p][c]).toArray());
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }
}

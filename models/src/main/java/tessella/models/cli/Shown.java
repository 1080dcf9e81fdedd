package tessella.models.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** Which pictures of a set a page shows. */
final class Shown {
    private Shown() {}

    /**
     * Half of them wrong ones, then right ones, as many of each class as there are: the order of the set decides.
     *
     * @param size    pictures of the set
     * @param count   how many at most
     * @param classes number of classes
     * @param isRight whether the model is right about a picture
     * @param label   the class that a picture counts for
     * @return their places, wrong ones first
     */
    static List<Integer> places(int size, int count, int classes, IntPredicate isRight, IntUnaryOperator label) {
        List<Integer> out = new ArrayList<>();
        int each = Math.ceilDiv(count / 2, classes);
        for (int wanted : new int[] {count / 2, count}) {
            boolean right = wanted == count;
            int[] taken = new int[classes];
            for (int i = 0; i < size && out.size() < wanted; i++) {
                int c = label.applyAsInt(i);
                if (isRight.test(i) == right && taken[c] < each) {
                    taken[c]++;
                    out.add(i);
                }
            }
        }
        return out;
    }
}

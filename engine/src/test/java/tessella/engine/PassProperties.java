package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** One region over many arrays: every unit once, in tasks that are worth a thread's while. */
class PassProperties {
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void everyUnitOfEveryArrayIsDoneOnce(@ForAll @IntRange(min = 0, max = 12) int arrays,
            @ForAll @IntRange(min = 1, max = 60) int grain, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] units = random.longs(arrays, 0, random.nextBoolean() ? 5 : 200).toArray();
        long[] costs = random.longs(arrays, 1, 90).toArray();
        AtomicIntegerArray[] done = new AtomicIntegerArray[arrays];
        Arrays.setAll(done, i -> new AtomicIntegerArray((int) units[i]));
        Pass[] pass = new Pass[1];
        double[] sums = new double[10_000];
        pass[0] = new Pass("test", units, costs, grain, new NdArray[0], (array, from, count, part) -> {
            assertTrue(count >= 1 && (count == 1 || count * costs[array] <= grain), "a part of " + count);
            sums[part] = count;
            for (long unit = from; unit < from + count; unit++) {
                done[array].incrementAndGet((int) unit);
            }
        });
        pass[0].start();
        pass[0].start(); // again, from the same object
        long work = 0;
        for (int i = 0; i < arrays; i++) {
            assertEquals(units[i], pass[0].sum(sums, i), "units of array " + i);
            work += units[i] * costs[i];
            for (int unit = 0; unit < units[i]; unit++) {
                assertEquals(2, done[i].get(unit), "unit " + unit + " of array " + i);
            }
        }
        // two neighbouring tasks hold more than a grain together
        assertTrue(pass[0].tasks() <= 2 * work / grain + 1, pass[0].tasks() + " tasks for " + work + " by " + grain);
    }

    @Example
    void manySmallArraysShareATask() {
        long[] units = new long[300];
        long[] costs = new long[300];
        Arrays.fill(units, 192);
        Arrays.fill(costs, 1);
        Pass pass = new Pass("test", units, costs, Update.PART, new NdArray[0], (array, from, count, part) -> { });
        assertEquals(300, pass.parts());
        assertEquals(4, pass.tasks());
    }
}

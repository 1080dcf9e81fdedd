package tessella.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.engine.NdArray;

/** Brings saved arrays back by name, all or none. */
final class TrainingState {
    private TrainingState() {}

    /**
     * Checks that the saved arrays whose names begin with a prefix are those of a state.
     *
     * @throws IllegalArgumentException listing every missing, unexpected and mis-shaped array at once
     */
    static void check(String prefix, Map<String, NdArray> own, Map<String, NdArray> saved) {
        List<String> problems = new ArrayList<>();
        Map<String, NdArray> unexpected = new LinkedHashMap<>(saved);
        unexpected.keySet().removeIf(name -> !name.startsWith(prefix));
        own.forEach((name, array) -> {
            NdArray found = unexpected.remove(name);
            if (found == null) {
                problems.add("missing " + name + " " + array);
            } else if (found.dtype() != array.dtype() || !found.shape().equals(array.shape())) {
                problems.add(name + " expected " + array + " found " + found);
            }
        });
        unexpected.forEach((name, array) -> problems.add("unexpected " + name + " " + array));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("restoring " + prefix + "*: the saved state is not that of this run: "
                    + String.join("; ", problems) + "; restore it with the model and the options that it was saved with");
        }
    }

    /**
     * A number of steps that was saved.
     *
     * @throws IllegalArgumentException if it is negative or not whole
     */
    static long steps(String name, Map<String, NdArray> saved) {
        double steps = saved.get(name).item();
        if (!(steps >= 0 && steps == Math.rint(steps) && steps <= 1L << 53)) {
            throw new IllegalArgumentException(name + ": expected a whole number of steps of at least 0, found " + steps);
        }
        return (long) steps;
    }

    /** Copies the saved arrays into those of the same name. */
    static void copy(Map<String, NdArray> own, Map<String, NdArray> saved) {
        own.forEach((name, array) -> array.copyFrom(saved.get(name)));
    }
}

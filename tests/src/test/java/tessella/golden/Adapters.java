package tessella.golden;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** The adapter of every op that is covered, wholly or for the cases that need no missing feature. */
final class Adapters {
    private static final Map<String, Adapter> BY_OP = new HashMap<>();

    static {
        BY_OP.putAll(OperatorAdapters.all());
        BY_OP.putAll(ShapeAdapters.all());
        BY_OP.putAll(AttentionAdapters.all());
        BY_OP.putAll(LossAdapters.all());
        BY_OP.putAll(TrainingAdapters.all());
        BY_OP.putAll(SoftMoeAdapters.all());
        BY_OP.putAll(SparseMoeAdapters.all());
        BY_OP.putAll(ImageAdapters.all());
        BY_OP.put("soft_moe_vit", new SoftMoeVitAdapter());
        BY_OP.put("vmoe_model", new VmoeAdapter());
    }

    private Adapters() {}

    /** The adapter of an op, or null. */
    static Adapter of(String op) {
        return BY_OP.get(op);
    }

    /** Every missing feature as "op: feature". */
    static SortedSet<String> missing() {
        SortedSet<String> missing = new TreeSet<>();
        BY_OP.forEach((op, adapter) -> adapter.missing().forEach(feature -> missing.add(op + ": " + feature)));
        return missing;
    }
}

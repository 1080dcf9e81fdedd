package tessella.bench.peers;

import java.util.Arrays;
import java.util.function.Supplier;

/** Work that libtorch has prepared. */
final class TorchRun implements Peer.Run {
    private final TorchModule module;
    private final Supplier<float[]> results;

    private TorchRun(TorchModule module, Supplier<float[]> results) {
        this.module = module;
        this.results = results;
    }

    /** Work whose results do not depend on the runs before. */
    static TorchRun of(TorchScript script, TorchModule.Form form) {
        TorchModule module = TorchModule.load(script, form);
        return new TorchRun(module, module::results);
    }

    /** Work that changes what it computes with: its results are those of the first steps, one after the other. */
    static TorchRun stepping(Supplier<TorchModule> loader, int steps) {
        return new TorchRun(loader.get(), () -> firstSteps(loader, steps));
    }

    private static float[] firstSteps(Supplier<TorchModule> loader, int steps) {
        try (TorchModule fresh = loader.get()) {
            float[] all = fresh.results();
            int size = all.length;
            all = Arrays.copyOf(all, Math.multiplyExact(size, steps));
            for (int i = 1; i < steps; i++) {
                System.arraycopy(fresh.results(), 0, all, i * size, size);
            }
            return all;
        }
    }

    @Override
    public void once() {
        module.forward();
    }

    @Override
    public float[] result() {
        return results.get();
    }

    @Override
    public void close() {
        module.close();
    }
}

package tessella.bench.peers;

import java.util.Arrays;
import java.util.function.Supplier;
import tessella.engine.Memory;

/** Work that libtorch has prepared. */
final class TorchRun implements Peer.Run {
    private final TorchModule module;
    private final Supplier<float[]> results;

    private TorchRun(TorchModule module, Supplier<float[]> results) {
        this.module = module;
        this.results = results;
    }

    /** Work whose results do not depend on the runs before. */
    static TorchRun of(TorchArchive archive, TorchPeer.Form form) {
        TorchModule module = loaded(archive, form);
        return new TorchRun(module, module::results);
    }

    /** Work that changes what it computes with: its results are those of the first steps, one after the other. */
    static TorchRun stepping(Supplier<TorchArchive> archive, int steps) {
        return new TorchRun(loaded(archive.get(), TorchPeer.Form.EAGER), () -> firstSteps(archive.get(), steps));
    }

    private static TorchModule loaded(TorchArchive archive, TorchPeer.Form form) {
        // what our parameters took is not the library's
        Memory.trim();
        try (archive) {
            return TorchModule.load(archive, form);
        }
    }

    private static float[] firstSteps(TorchArchive archive, int steps) {
        try (TorchModule fresh = loaded(archive, TorchPeer.Form.EAGER)) {
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

package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Workers;

/** Work that our library has prepared: a team of its own, and a scope of its own for what it keeps. */
final class TessellaRun implements Peer.Run {
    private static final Consumer<NdArray> NOBODY = _ -> {};

    private final Workers team;
    private final Scope scope;
    private final Body body;

    /** What is done. */
    interface Body extends AutoCloseable {
        /** Does it once, returns all memory that it took, and shows each result while its memory is there. */
        void compute(Consumer<NdArray> results);

        /** What the comparison of results is made with. */
        default float[] result() {
            List<float[]> parts = new ArrayList<>();
            compute(array -> parts.add(array.toFloats()));
            return joined(parts);
        }

        /** Returns what it keeps outside of the scope that it was made with. */
        @Override
        default void close() {}
    }

    private TessellaRun(Workers team, Scope scope, Body body) {
        this.team = team;
        this.scope = scope;
        this.body = body;
    }

    /** Makes the body, with what it keeps in the scope that it is given. */
    static TessellaRun of(int threads, Function<Scope, Body> preparation) {
        Workers team = Workers.of(threads);
        Scope scope = Scope.shared();
        try {
            return new TessellaRun(team, scope, Workers.with(team, () -> preparation.apply(scope)));
        } catch (RuntimeException | Error e) {
            scope.close();
            team.close();
            throw e;
        }
    }

    @Override
    public void once() {
        Workers.with(team, () -> body.compute(NOBODY));
    }

    @Override
    public float[] result() {
        float[] result = Workers.with(team, body::result);
        // a model that it trained beside the one that is timed
        Memory.trim();
        return result;
    }

    @Override
    public void close() {
        body.close();
        scope.close();
        team.close();
        // so that what the next work takes is its own
        Memory.trim();
    }

    private static float[] joined(List<float[]> parts) {
        if (parts.size() == 1) {
            return parts.getFirst();
        }
        float[] all = new float[parts.stream().mapToInt(part -> part.length).reduce(0, Math::addExact)];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}

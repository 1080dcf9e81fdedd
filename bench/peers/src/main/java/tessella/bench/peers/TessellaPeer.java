package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tessella.engine.MatMul;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;

/** This library, through its public interface only. */
final class TessellaPeer implements Peer {
    @Override
    public String name() {
        return "Tessella 0.1.0";
    }

    @Override
    public Run prepare(Work work, int threads) {
        return switch (work) {
            case Work.Gemm gemm -> switch (gemm.weights()) {
                case FRESH -> gemm(gemm, threads);
                case PREPACKED -> prepacked(gemm, threads);
                case BFLOAT16 -> null;
            };
            default -> null;
        };
    }

    /** A right operand that may be packed beforehand: the engine has no such weights yet, and packs in each product. */
    private static Run prepacked(Work.Gemm work, int threads) {
        return gemm(work, threads);
    }

    private static Run gemm(Work.Gemm work, int threads) {
        Operands operands = Operands.of(work);
        return new Prepared(threads) {
            private final NdArray a = work.form() == Work.Form.A_TRANSPOSED ? array(operands.a(), work.k(), work.m()).transpose()
                    : array(operands.a(), work.m(), work.k());
            private final NdArray b = work.form() == Work.Form.B_TRANSPOSED ? array(operands.b(), work.n(), work.k()).transpose()
                    : array(operands.b(), work.k(), work.n());

            @Override
            void compute(Consumer<NdArray> results) {
                try (Scope _ = Scope.open()) {
                    results.accept(MatMul.multiply(a, b));
                }
            }
        };
    }

    @Override
    public void close() {}

    /** Work with a team of its own, and operands in a scope of its own. */
    private abstract static class Prepared implements Run {
        private final Workers team;
        private final Scope scope = Scope.shared();

        Prepared(int threads) {
            team = Workers.of(threads);
        }

        final NdArray array(float[] values, long... dims) {
            return NdArray.of(scope, Shape.of(dims), values);
        }

        /** Computes all results and returns all memory; shows each result while its memory is there. */
        abstract void compute(Consumer<NdArray> results);

        @Override
        public final void once() {
            Workers.with(team, () -> compute(_ -> {}));
        }

        @Override
        public float[] result() {
            List<float[]> parts = new ArrayList<>();
            Workers.with(team, () -> compute(array -> parts.add(array.toFloats())));
            return joined(parts);
        }

        @Override
        public void close() {
            team.close();
            scope.close();
            Memory.trim();
        }
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

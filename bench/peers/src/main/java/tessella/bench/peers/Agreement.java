package tessella.bench.peers;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import tessella.models.nn.ParameterSpec;
import tessella.models.softmoe.SoftMoe;
import tessella.models.softmoe.SoftMoeConfig;

/** Whether two libraries computed the same. */
final class Agreement {
    /** Parameters of a layer whose gradients are compared: more of them would fill the heap. */
    private static final long MOST = 1L << 27;
    private static final int FEW_HIDDEN = 64;

    private Agreement() {}

    /**
     * The work whose results are compared in place of some work: itself, or, if its gradients are too large, a layer of as many
     * experts that are narrower.
     */
    static Work compared(Work work) {
        return work instanceof Work.Mixture m && m.direction() == Direction.FORWARD_BACKWARD
                && 2L * m.experts() * m.width() * m.hidden() > MOST
                ? new Work.Mixture(m.batch(), m.tokens(), m.width(), FEW_HIDDEN, m.experts(), m.slots(), m.direction(), m.weights())
                : work;
    }

    /** The largest difference, relative to the largest number of an array, at which results still count as equal. */
    static double tolerance(Work work) {
        return switch (work) {
            case Work.Gemm _ -> 2e-5;
            case Work.Attention _, Work.Rows _, Work.Adam _ -> 1e-4;
            case Work.Forward _ -> 5e-4;
            case Work.Mixture _ -> 2e-3;
            // rounding grows from step to step
            case Work.Step _ -> 1e-2;
        };
    }

    /** Sizes of the arrays of a result. */
    static List<Long> arrays(Work work) {
        return switch (work) {
            case Work.Gemm gemm -> List.of((long) gemm.m() * gemm.n());
            case Work.Attention a -> Collections.nCopies(a.direction() == Direction.FORWARD ? 1 : 4,
                    (long) a.batch() * a.n() * a.heads() * a.d());
            case Work.Rows rows -> rows(rows);
            case Work.Adam adam -> sizes(Models.specs(adam.preset()));
            case Work.Forward forward -> List.of((long) forward.batch() * Models.config(forward.preset()).classes());
            case Work.Step _ -> List.of((long) Work.Step.STEPS);
            case Work.Mixture m -> {
                long y = (long) m.batch() * m.tokens() * m.width();
                List<Long> all = new ArrayList<>(List.of(y));
                if (m.direction() == Direction.FORWARD_BACKWARD) {
                    all.add(y);
                    all.addAll(sizes(SoftMoe.specs("moe", m.width(), m.hidden(), new SoftMoeConfig(m.experts(), m.slots(), 1))));
                }
                yield all;
            }
        };
    }

    private static List<Long> rows(Work.Rows work) {
        long x = (long) work.rows() * work.n();
        long n = work.n();
        if (work.direction() == Direction.FORWARD) {
            return List.of(work.operator() == Work.RowOperator.CROSS_ENTROPY ? 1 : x);
        }
        return switch (work.operator()) {
            case EXP, SOFTMAX, GELU -> List.of(x, x);
            case LAYER_NORM -> List.of(x, x, n, n);
            case BIAS_GELU -> List.of(x, x, n);
            case RESIDUAL_ADD -> List.of(x, x, x);
            case CROSS_ENTROPY -> List.of(1L, x);
        };
    }

    private static List<Long> sizes(List<ParameterSpec> specs) {
        return specs.stream().map(spec -> spec.shape().size()).toList();
    }

    /**
     * The largest difference of two results, array by array relative to the largest number of ours; NaN if either is no number, and
     * infinite if theirs has another size, or an array of ours is 0 throughout, which would agree with anything small.
     */
    static double difference(List<Long> arrays, FloatBuffer ours, FloatBuffer theirs) {
        if (ours.capacity() != theirs.capacity() || ours.capacity() != arrays.stream().mapToLong(Long::longValue).sum()) {
            return Double.POSITIVE_INFINITY;
        }
        double worst = 0;
        int at = 0;
        for (long size : arrays) {
            double largest = 0;
            double difference = 0;
            for (int end = at + (int) size; at < end; at++) {
                largest = Math.max(largest, Math.abs(ours.get(at)));
                difference = Math.max(difference, Math.abs((double) ours.get(at) - theirs.get(at)));
            }
            worst = Math.max(worst, largest == 0 ? Double.POSITIVE_INFINITY : difference / largest);
        }
        return worst;
    }

    /** The numbers of a file that {@link Serve} wrote. */
    static FloatBuffer read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).order(ByteOrder.nativeOrder()).asFloatBuffer();
        }
    }
}

package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;

/** A training step that runs its blocks again has the same bits and needs less memory. */
class ActivationsTest {
    /** Loss and all gradients; the peak of the step in bytes joins peaks. */
    private static List<float[]> step(BlockForm form, Activations activations, List<Long> peaks) {
        VitConfig deep = new VitConfig(16, 16, 3, 4, 32, 12, 64, 4, 5, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, form, 0.1,
                new SoftMoeConfig(4, 2, 4));
        List<float[]> out = new ArrayList<>();
        try (VisionTransformer model = VisionTransformer.initialized(deep, DType.F32, 3)) {
            // the classifier begins at zero, and would pass nothing back
            double[] head = new double[(int) model.parameters().get("head.kernel").shape().size()];
            for (int i = 0; i < head.length; i++) {
                head[i] = Math.sin(i);
            }
            model.parameters().get("head.kernel").value().copyFrom(head);
            long before = Memory.inUse();
            Memory.resetPeak();
            try (Tape tape = Tape.record()) {
                NdArray images = NdArray.full(Scope.current(), DType.F32, Shape.of(6, 16, 16, 3), 0.5);
                Tensor logits = model.logits(Tensor.of(images), activations);
                Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(logits, new int[] {0, 1, 2, 3, 4, 0}, 0)).keep();
                Gradients gradients = tape.gradients(loss);
                peaks.add(Memory.peak() - before);
                out.add(loss.toFloats());
                for (Parameter parameter : model.parameters().all()) {
                    out.add(gradients.of(parameter).toFloats());
                }
            }
        }
        assertEquals(0, Memory.inUse());
        return out;
    }

    @ParameterizedTest
    @EnumSource
    void recomputedBlocksHaveTheSameBitsAndNeedLessMemory(BlockForm form) {
        List<Long> peaks = new ArrayList<>();
        List<float[]> kept = step(form, Activations.KEPT, peaks);
        List<float[]> recomputed = step(form, Activations.RECOMPUTED, peaks);
        assertEquals(kept.size(), recomputed.size());
        for (int i = 0; i < kept.size(); i++) {
            assertArrayEquals(kept.get(i), recomputed.get(i));
        }
        assertTrue(kept.stream().skip(1).allMatch(g -> g.length > 0));
        assertTrue(peaks.get(1) < 0.5 * peaks.get(0), peaks.get(1) + " of " + peaks.get(0) + " bytes");
    }
}

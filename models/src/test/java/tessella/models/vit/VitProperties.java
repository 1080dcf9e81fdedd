package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Gradients;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Losses;
import tessella.autodiff.Norms;
import tessella.autodiff.Parameter;
import tessella.autodiff.Patches;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;

/** Properties of the vision transformer that follow from its definition, in float64. */
class VitProperties {
    private static final int TRIES = 200;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static VitConfig config(Head head, BlockForm form, SoftMoeConfig moe) {
        return new VitConfig(8, 12, 2, 4, 8, 2, 12, 2, 5, Position.LEARNED, head, QkNorm.LAYER_NORM, form, 0.25, moe);
    }

    private static Tensor normal(Scope scope, long seed, String name, long... dims) {
        Random random = Random.of(seed, name);
        double[] values = new double[(int) Shape.of(dims).size()];
        Arrays.setAll(values, random::normal);
        return Tensor.of(scope, Shape.of(dims), values);
    }

    /** A model in which every parameter, also those that start at 0, is random. */
    private static VisionTransformer random(VitConfig config, long seed) {
        VisionTransformer model = VisionTransformer.initialized(config, DType.F64, seed);
        for (Parameter parameter : model.parameters().all()) {
            Random random = Random.of(seed, "random " + parameter.name());
            double[] values = new double[(int) parameter.shape().size()];
            Arrays.setAll(values, i -> 0.5 * random.normal(i));
            parameter.value().copyFrom(values);
        }
        return model;
    }

    @Property(tries = TRIES)
    void vit1PatchifyAndUnpatchifyAreInverse(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int p,
            @ForAll @IntRange(min = 1, max = 4) int rows, @ForAll @IntRange(min = 1, max = 4) int columns,
            @ForAll @IntRange(min = 1, max = 3) int channels) {
        try (Scope scope = Scope.open()) {
            Tensor images = normal(scope, seed, "images", 2, (long) rows * p, (long) columns * p, channels);
            Tensor patches = Patches.patchify(images, p);
            assertArrayEquals(images.toDoubles(), Patches.unpatchify(patches, p, rows, columns).toDoubles());
            assertArrayEquals(patches.toDoubles(), Patches.patchify(Patches.unpatchify(patches, p, rows, columns), p).toDoubles());
        }
    }

    @Property(tries = TRIES)
    void vit2AStridedConvolutionIsPatchifyThenAProduct(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int p,
            @ForAll @IntRange(min = 1, max = 11) int height, @ForAll @IntRange(min = 1, max = 11) int width) {
        int h = Math.max(p, height);
        int w = Math.max(p, width);
        try (Scope scope = Scope.open()) {
            double[] image = normal(scope, seed, "image", 1, h, w, 2).toDoubles();
            Tensor kernel = normal(scope, seed, "kernel", (long) p * p * 2, 3);
            double[] k = kernel.toDoubles();
            double[] expected = new double[h / p * (w / p) * 3];
            for (int at = 0; at < expected.length; at++) {
                int patch = at / 3;
                for (int y = 0; y < p; y++) {
                    for (int x = 0; x < p; x++) {
                        for (int c = 0; c < 2; c++) {
                            int pixel = ((patch / (w / p) * p + y) * w + patch % (w / p) * p + x) * 2 + c;
                            expected[at] += image[pixel] * k[((y * p + x) * 2 + c) * 3 + at % 3];
                        }
                    }
                }
            }
            Tensor tokens = Patches.patchify(Tensor.of(scope, Shape.of(1, h, w, 2), image), p);
            assertArrayEquals(expected, LinearAlgebra.linear(tokens, kernel, null).toDoubles(), 1e-12);
        }
    }

    @Property(tries = 20)
    void vit3WithoutPositionsTheOrderOfPatchesDoesNotMatter(@ForAll long seed, @ForAll Head head, @ForAll BlockForm form) {
        for (SoftMoeConfig moe : new SoftMoeConfig[] {null, new SoftMoeConfig(3, 2, 1)}) {
            try (Scope scope = Scope.open(); VisionTransformer model = random(config(head, form, moe), seed)) {
                double[] zeros = new double[(int) model.parameters().get("position").shape().size()];
                model.parameters().get("position").value().copyFrom(zeros);
                Tensor images = normal(scope, seed, "images", 1, 8, 12, 2);
                Tensor patches = Patches.patchify(images, 4);
                int[] order = Random.of(seed, "order").permutation(6);
                Tensor shuffled = Shapes.concat(1, Arrays.stream(order).mapToObj(i -> Shapes.slice(patches, 1, i, i + 1))
                        .toArray(Tensor[]::new));
                Tensor other = Patches.unpatchify(shuffled, 4, 2, 3);
                assertArrayEquals(model.logits(images).toDoubles(), model.logits(other).toDoubles(), 1e-10);
            }
        }
    }

    @Property(tries = TRIES)
    void vit4SoftmaxSumsToOneAndIgnoresAShift(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int n) {
        try (Scope scope = Scope.open()) {
            Tensor x = normal(scope, seed, "x", 3, n);
            double[] y = Softmax.softmax(x, 1).toDoubles();
            for (int row = 0; row < 3; row++) {
                assertEquals(1, Arrays.stream(y, row * n, row * n + n).sum(), 1e-13);
            }
            double[] shifted = x.toDoubles();
            Arrays.setAll(shifted, i -> shifted[i] + 1000);
            assertArrayEquals(y, Softmax.softmax(Tensor.of(scope, x.shape(), shifted), 1).toDoubles(), 1e-11);
        }
    }

    @Property(tries = TRIES)
    void vit5LayerNormHasMeanZeroVarianceOneAndIgnoresAffineMaps(@ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int n) {
        try (Scope scope = Scope.open()) {
            Tensor x = normal(scope, seed, "x", 2, n);
            double[] y = Norms.layerNorm(x, null, null, 1e-20).toDoubles();
            assertEquals(0, Arrays.stream(y, 0, n).sum() / n, 1e-10);
            assertEquals(1, Arrays.stream(y, 0, n).map(v -> v * v).sum() / n, 1e-6);
            double[] mapped = x.toDoubles();
            Arrays.setAll(mapped, i -> 3 * mapped[i] - 7);
            assertArrayEquals(y, Norms.layerNorm(Tensor.of(scope, x.shape(), mapped), null, null, 1e-20).toDoubles(), 1e-6);
        }
    }

    @Property(tries = 20)
    void vit6AZeroHeadGivesItsBiasAndTheLossOfChance(@ForAll long seed, @ForAll Head head, @ForAll BlockForm form) {
        VitConfig config = config(head, form, null);
        try (Scope scope = Scope.open(); VisionTransformer model = VisionTransformer.initialized(config, DType.F64, seed)) {
            Tensor logits = model.logits(normal(scope, seed, "images", 3, 8, 12, 2));
            assertTrue(Arrays.stream(logits.toDoubles()).allMatch(v -> v == 0.25));
            assertEquals(Math.log(5), Reductions.mean(Losses.softmaxCrossEntropy(logits, new int[] {0, 4, 2}, 0)).item(), 1e-14);
        }
    }

    @Property(tries = 20)
    void vit9LogitsOfAnImageHaveTheSameBitsInAnyBatch(@ForAll long seed, @ForAll Head head, @ForAll BlockForm form) {
        for (SoftMoeConfig moe : new SoftMoeConfig[] {null, new SoftMoeConfig(3, 2, 1)}) {
            try (Scope scope = Scope.open(); VisionTransformer model = random(config(head, form, moe), seed)) {
                Tensor images = normal(scope, seed, "images", 4, 8, 12, 2);
                double[] together = model.logits(images).toDoubles();
                for (int i = 0; i < 4; i++) {
                    double[] alone = model.logits(Shapes.slice(images, 0, i, i + 1)).toDoubles();
                    assertArrayEquals(Arrays.copyOfRange(together, 5 * i, 5 * i + 5), alone);
                }
            }
        }
    }

    @Property(tries = TRIES)
    void vit11AndQk8ParametersFollowTheClosedForm(@ForAll @IntRange(min = 1, max = 8) int quarter, @ForAll @IntRange(min = 1, max = 5) int depth,
            @ForAll @IntRange(min = 1, max = 100) int mlp, @ForAll @IntRange(min = 1, max = 5) int p, @ForAll @IntRange(min = 1, max = 9) int k,
            @ForAll @IntRange(min = 1, max = 6) int n, @ForAll Head head, @ForAll BlockForm form) {
        long d = 4L * quarter;
        int layers = Math.min(depth, 2);
        SoftMoeConfig moe = new SoftMoeConfig(n, 3, layers);
        VitConfig config = new VitConfig(3 * p, 2 * p, 3, p, (int) d, depth, mlp, 4, k, Position.LEARNED, head, QkNorm.LAYER_NORM,
                form, 0, moe);
        boolean parallel = form == BlockForm.PARALLEL;
        long norms = parallel ? d : 4 * d;
        long attention = 4 * d * d + (parallel ? 0 : 4 * d) + 2 * (d / 4);
        long dense = 2 * d * mlp + mlp + d;
        long pooling = d + 4 * (d * d + d) + (parallel ? 0 : 2 * (d / 4)) + 2 * d + dense;
        long tokens = 6 + (head == Head.CLS ? 1 : 0);
        long expected = 3L * p * p * d + d + tokens * d + depth * (attention + dense + norms) + (parallel ? d : 2 * d) + k * (d + 1)
                + layers * ((n - 1) * dense + d * n * 3 + 1) + (head == Head.CLS ? d : 0) + (head == Head.MAP ? pooling : 0);
        assertEquals(expected, config.parameterCount());
    }

    @Property(tries = 30)
    void vit15GradientsOfMicroBatchesAddUpToThoseOfTheBatch(@ForAll long seed, @ForAll Head head, @ForAll BlockForm form) {
        try (Scope scope = Scope.open(); VisionTransformer model = random(config(head, form, new SoftMoeConfig(3, 2, 1)), seed)) {
            Tensor images = normal(scope, seed, "images", 4, 8, 12, 2);
            int[] labels = {1, 4, 0, 2};
            Map<String, double[]> whole = gradients(model, images, labels, 0.25);
            Map<String, double[]> parts = new HashMap<>();
            for (int i = 0; i < 4; i += 2) {
                gradients(model, Shapes.slice(images, 0, i, i + 2), Arrays.copyOfRange(labels, i, i + 2), 0.25)
                        .forEach((name, g) -> parts.merge(name, g, (a, b) -> {
                            Arrays.setAll(a, j -> a[j] + b[j]);
                            return a;
                        }));
            }
            whole.forEach((name, g) -> assertArrayEquals(g, parts.get(name), 1e-11, name));
        }
    }

    private static Map<String, double[]> gradients(VisionTransformer model, Tensor images, int[] labels, double weight) {
        Map<String, double[]> out = new HashMap<>();
        try (Tape tape = Tape.record()) {
            Tensor losses = Losses.softmaxCrossEntropy(model.logits(images), labels, 0.1);
            double[] weights = new double[labels.length];
            Arrays.fill(weights, weight);
            Gradients g = tape.gradients(List.of(losses), List.of(Tensor.of(Scope.current(), losses.shape(), weights).value()));
            model.parameters().all().forEach(p -> out.put(p.name(), g.of(p).toDoubles()));
        }
        return out;
    }
}

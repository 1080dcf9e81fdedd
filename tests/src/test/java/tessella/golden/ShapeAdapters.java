package tessella.golden;

import static tessella.models.nn.RelativeBuckets.Direction.BIDIRECTIONAL;
import static tessella.models.nn.RelativeBuckets.Direction.CAUSAL;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Indexing;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Patches;
import tessella.autodiff.Resize;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.models.nn.RelativeBuckets;
import tessella.models.vit.Positions;
import tessella.models.vit.SinCos2d;
import tessella.reference.Array;
import tessella.reference.Attributes;

/** Moves of elements, patches and the fixed position table. */
final class ShapeAdapters {
    private ShapeAdapters() {}

    static Map<String, Adapter> all() {
        return Map.ofEntries(
                Map.entry("reshape", c -> c.out("y", Shapes.reshape(c.in("x"), shape(c)))),
                Map.entry("permute", c -> c.out("y", Shapes.permute(c.in("x"), c.attrs().integers("axes")))),
                Map.entry("permute_reshape", c -> c.out("y",
                        Shapes.reshape(Shapes.permute(c.in("x"), c.attrs().integers("axes")), shape(c)))),
                Map.entry("broadcast_to", c -> c.out("y", Shapes.broadcastTo(c.in("x"), shape(c)))),
                Map.entry("concat", ShapeAdapters::concat),
                Map.entry("stack", ShapeAdapters::stack),
                Map.entry("split", ShapeAdapters::split),
                Map.entry("slice", ShapeAdapters::slice),
                Map.entry("flip", ShapeAdapters::flip),
                Map.entry("tile", c -> c.out("y", Shapes.tile(c.in("x"), Case.dims(c.attrs().integers("repeats"))))),
                Map.entry("pad", ShapeAdapters::pad),
                Map.entry("embedding", c -> c.out("y", Indexing.embedding(c.param("table"), c.indices("ids"), dims(c, "ids")))),
                Map.entry("index_select", c -> c.out("y",
                        Indexing.indexSelect(c.in("x"), c.attrs().integer("axis"), c.indices("idx")))),
                Map.entry("gather_rows", c -> c.out("y", Indexing.gatherRows(c.in("x"), 1, c.indices("idx")))),
                Map.entry("gather", c -> c.out("y",
                        Indexing.gather(c.in("x"), c.attrs().integer("axis"), c.indices("idx"), dims(c, "idx")))),
                Map.entry("scatter_add", c -> c.out("y",
                        Indexing.scatterAdd(c.in("x"), c.attrs().integer("axis"), c.indices("idx"), c.in("src")))),
                Map.entry("scatter_add_elementwise", c -> c.out("y",
                        Indexing.scatterAddElements(c.in("x"), c.attrs().integer("axis"), c.indices("idx"), c.in("src")))),
                Map.entry("segment_sum", c -> c.out("y",
                        Indexing.segmentSum(c.in("x"), c.indices("seg"), c.attrs().integer("num_segments")))),
                Map.entry("segment_mean", c -> c.out("y",
                        Indexing.segmentMean(c.in("x"), c.indices("seg"), c.attrs().integer("num_segments")))),
                Map.entry("segment_softmax", c -> c.out("y",
                        Indexing.segmentSoftmax(c.in("x"), c.indices("seg"), c.attrs().integer("num_segments")))),
                Map.entry("t5_relative_bucket", c -> c.out("bucket", c.indices("bucket",
                        Arrays.stream(c.indices("rel")).map(buckets(c)::bucket).toArray()))),
                Map.entry("t5_relative_bias", ShapeAdapters::relativeBias),
                Map.entry("resize", ShapeAdapters::resize),
                Map.entry("resize_pos_embed", ShapeAdapters::resizePositions),
                Map.entry("factorised_pos", ShapeAdapters::factorised),
                Map.entry("patchify", ShapeAdapters::patchify),
                Map.entry("unpatchify", ShapeAdapters::unpatchify),
                Map.entry("patch_embed", ShapeAdapters::patchEmbed),
                Map.entry("posemb_sincos_2d", ShapeAdapters::sincos));
    }

    private static long[] shape(Case c) {
        return Case.dims(c.attrs().integers("shape"));
    }

    private static Tensor[] operands(Case c) {
        return c.attrs().texts("operands").stream().map(c::in).toArray(Tensor[]::new);
    }

    private static void concat(Case c) {
        c.out("y", Shapes.concat(c.attrs().integer("axis"), operands(c)));
    }

    private static void stack(Case c) {
        c.out("y", Shapes.stack(c.attrs().integer("axis"), operands(c)));
    }

    private static void flip(Case c) {
        if (c.attrs().has("image_file")) {
            ImageAdapters.flip(c);
        } else {
            c.out("y", Shapes.flip(c.in("x"), c.attrs().integers("axes")));
        }
    }

    private static void pad(Case c) {
        long[][] pads = c.attrs().integerRows("pads");
        c.out("y", Shapes.pad(c.in("x"), Arrays.stream(pads).mapToLong(p -> p[0]).toArray(),
                Arrays.stream(pads).mapToLong(p -> p[1]).toArray(), c.attrs().real("value")));
    }

    private static long[] dims(Case c, String indices) {
        return Case.dims(c.file().tensor("in." + indices).shape());
    }

    private static RelativeBuckets buckets(Case c) {
        Attributes attrs = c.attrs();
        return new RelativeBuckets(attrs.flag("bidirectional") ? BIDIRECTIONAL : CAUSAL, attrs.integer("num_buckets"),
                attrs.integer("max_distance"));
    }

    private static void relativeBias(Case c) {
        int n = c.file().tensor("out.bucket").shape()[0];
        RelativeBuckets buckets = buckets(c);
        c.out("bucket", c.indices("bucket", IntStream.range(0, n * n).map(i -> buckets.bucket(i % n - i / n)).toArray()));
        c.out("y", buckets.bias(c.param("table"), n, n));
    }

    private static Resize method(Case c) {
        String method = c.attrs().text("method");
        return method.equals("area_adaptive_avg") ? Resize.AREA : Resize.valueOf(method.toUpperCase(Locale.ROOT));
    }

    private static void resize(Case c) {
        int[] size = c.attrs().integers("out");
        c.out("y", method(c).apply(c.in("x"), size[0], size[1]));
    }

    private static void resizePositions(Case c) {
        int[] from = c.attrs().integers("old_grid");
        int[] to = c.attrs().integers("new_grid");
        c.out("y", Positions.resize(c.param("pos"), c.attrs().integer("prefix_tokens"), from[0], from[1], to[0], to[1],
                method(c)));
    }

    /** The factorised position of NaViT, from the tables of rows and columns. */
    private static void factorised(Case c) {
        Tensor x = Indexing.indexSelect(c.param("px"), 0, c.indices("x"));
        Tensor y = Indexing.indexSelect(c.param("py"), 0, c.indices("y_"));
        String combine = c.attrs().text("combine");
        c.out("y", switch (combine) {
            case "sum" -> Elementwise.add(x, y);
            case "product" -> Elementwise.mul(x, y);
            case "stack" -> Shapes.concat(1, x, y);
            default -> throw new IllegalArgumentException("combine " + combine);
        });
    }

    private static void split(Case c) {
        List<Tensor> parts = Shapes.split(c.in("x"), c.attrs().integer("axis"), Case.dims(c.attrs().integers("sizes")));
        for (int i = 0; i < parts.size(); i++) {
            c.out("y" + i, parts.get(i));
        }
    }

    private static void slice(Case c) {
        Attributes attrs = c.attrs();
        c.out("y", Shapes.slice(c.in("x"), attrs.integer("axis"), attrs.integer("start"), attrs.integer("end"),
                attrs.integer("step")));
    }

    private static void patchify(Case c) {
        int p = c.attrs().integer("patch");
        Tensor y = Patches.patchify(c.in("x"), p);
        if (c.attrs().text("patch_layout").equals("c py px")) {
            long channels = y.dim(2) / (p * p);
            Tensor split = Shapes.reshape(y, y.dim(0), y.dim(1), (long) p * p, channels);
            y = Shapes.reshape(Shapes.permute(split, 0, 1, 3, 2), y.dim(0), y.dim(1), y.dim(2));
        }
        c.out("y", y);
    }

    private static void unpatchify(Case c) {
        int p = c.attrs().integer("patch");
        int[] grid = c.attrs().integers("grid");
        Tensor x = c.in("x");
        if (c.attrs().text("patch_layout").equals("c py px")) {
            long channels = x.dim(2) / (p * p);
            Tensor split = Shapes.reshape(x, x.dim(0), x.dim(1), channels, (long) p * p);
            x = Shapes.reshape(Shapes.permute(split, 0, 1, 3, 2), x.dim(0), x.dim(1), x.dim(2));
        }
        c.out("y", Patches.unpatchify(x, p, grid[0], grid[1]));
    }

    private static void patchEmbed(Case c) {
        int[] patch = c.attrs().integers("patch");
        Tensor kernel = c.param("kernel");
        Tensor weight = Shapes.reshape(kernel, kernel.dim(0) * kernel.dim(1) * kernel.dim(2), kernel.dim(3));
        c.out("y", LinearAlgebra.linear(Patches.patchify(c.in("x"), patch[0], patch[1]), weight, c.param("bias")));
    }

    private static void sincos(Case c) {
        Attributes attrs = c.attrs();
        double[] table = SinCos2d.table(attrs.integer("height"), attrs.integer("width"), attrs.integer("dim"));
        c.out("pe", Array.of(c.file().tensor("out.pe").shape(), table));
    }
}

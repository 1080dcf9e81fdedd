package tessella.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Patches;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
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
                Map.entry("slice", ((Adapter) ShapeAdapters::slice).without("step")),
                Map.entry("patchify", ShapeAdapters::patchify),
                Map.entry("unpatchify", ShapeAdapters::unpatchify),
                Map.entry("patch_embed", ((Adapter) ShapeAdapters::patchEmbed).without("patches that are not square")),
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
        int axis = c.attrs().integer("axis");
        List<Tensor> parts = new ArrayList<>();
        for (Tensor operand : operands(c)) {
            long[] dims = Case.dims(c.file().tensor("out.y").shape());
            dims[axis] = 1;
            parts.add(Shapes.reshape(operand, dims));
        }
        c.out("y", Shapes.concat(axis, parts.toArray(Tensor[]::new)));
    }

    private static void split(Case c) {
        int from = 0;
        int[] sizes = c.attrs().integers("sizes");
        for (int i = 0; i < sizes.length; i++) {
            c.out("y" + i, Shapes.slice(c.in("x"), c.attrs().integer("axis"), from, from + sizes[i]));
            from += sizes[i];
        }
    }

    private static void slice(Case c) {
        Attributes attrs = c.attrs();
        c.needs("step", attrs.integer("step") != 1);
        c.out("y", Shapes.slice(c.in("x"), attrs.integer("axis"), attrs.integer("start"), attrs.integer("end")));
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
        c.needs("patches that are not square", patch[0] != patch[1]);
        Tensor kernel = c.param("kernel");
        Tensor weight = Shapes.reshape(kernel, kernel.dim(0) * kernel.dim(1) * kernel.dim(2), kernel.dim(3));
        c.out("y", LinearAlgebra.linear(Patches.patchify(c.in("x"), patch[0]), weight, c.param("bias")));
    }

    private static void sincos(Case c) {
        Attributes attrs = c.attrs();
        double[] table = SinCos2d.table(attrs.integer("height"), attrs.integer("width"), attrs.integer("dim"));
        c.out("pe", Array.of(c.file().tensor("out.pe").shape(), table));
    }
}

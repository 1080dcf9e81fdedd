package tessella.bench.peers;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Elementwise.gelu;
import static tessella.autodiff.LinearAlgebra.einsum;
import static tessella.autodiff.Shapes.reshape;

import java.util.function.Consumer;
import tessella.autodiff.Tensor;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.softmoe.SoftRouter;

/** The forward pass of a Soft MoE layer whose experts were packed beforehand. */
final class PackedMixture implements TessellaRun.Body {
    private final Tensor x;
    private final SoftRouter router;
    private final PackedMatrix in;
    private final PackedMatrix out;
    private final Tensor inBias;
    private final Tensor outBias;

    /** How kernels [n, k, h] are packed. */
    interface Packing {
        PackedMatrix of(Scope scope, NdArray kernels);
    }

    /** The layer that prefix names, on x [b, m, d]; what is packed lives in scope. */
    PackedMixture(Tensor x, Parameters parameters, String prefix, SoftMoeConfig config, Packing packing, Scope scope) {
        this.x = x;
        router = new SoftRouter(parameters, prefix + ".router", config);
        in = packing.of(scope, parameters.get(prefix + ".experts.in.kernel").value());
        out = packing.of(scope, parameters.get(prefix + ".experts.out.kernel").value());
        inBias = parameters.get(prefix + ".experts.in.bias").tensor();
        outBias = parameters.get(prefix + ".experts.out.bias").tensor();
    }

    @Override
    public void compute(Consumer<NdArray> results) {
        try (Scope _ = Scope.open()) {
            SoftRouter.Routing routing = router.route(x);                                   // D, C [b, m, n, p]
            Tensor slots = einsum("bmd,bmnp->nbpd", x, routing.dispatch());
            long n = slots.dim(0);
            Tensor rows = reshape(slots, n, slots.dim(1) * slots.dim(2), slots.dim(3));     // [n, b p, d]
            Tensor h = gelu(layer(rows, in, inBias));
            Tensor y = reshape(layer(h, out, outBias), n, slots.dim(1), slots.dim(2), slots.dim(3));
            results.accept(einsum("nbpd,bmnp->bmd", y, routing.combine()).value());
        }
    }

    /** x_i W_i + b_i for each expert. */
    private static Tensor layer(Tensor x, PackedMatrix kernels, Tensor bias) {
        return add(Tensor.of(MatMul.multiply(x.value(), kernels)), reshape(bias, bias.dim(0), 1, bias.dim(1)));
    }
}

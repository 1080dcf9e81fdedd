package tessella.models.vit;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Shapes.broadcastTo;
import static tessella.autodiff.Shapes.reshape;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Tensor;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;
import tessella.models.nn.LayerNorm;
import tessella.models.nn.Mlp;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;

/** Multi-head attention pooling: z = MHA(probe, x); z + MLP(LN(z)). The probe has no residual of its own. */
final class MapHead {
    private final Tensor probe;
    private final MultiHeadAttention attention;
    private final LayerNorm norm;
    private final Mlp mlp;

    MapHead(Parameters parameters, VitConfig config) {
        probe = parameters.get("map.probe").tensor();
        attention = new MultiHeadAttention(parameters, "map.attention", config.heads(), qkNorm(config));
        norm = new LayerNorm(parameters, "map.norm");
        mlp = new Mlp(parameters, "map.mlp");
    }

    static List<ParameterSpec> specs(VitConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("map.probe", Shape.of(1, 1, config.dim()), Initializer.xavierUniform(1, config.dim())));
        specs.addAll(MultiHeadAttention.specs("map.attention", config.dim(), config.heads(), qkNorm(config)));
        specs.addAll(LayerNorm.specs("map.norm", config.dim()));
        specs.addAll(Mlp.specs("map.mlp", config.dim(), config.mlp()));
        return specs;
    }

    /** The head of ViT-22B is taken to be that of ViT-G. */
    private static QkNorm qkNorm(VitConfig config) {
        return config.form() == BlockForm.PARALLEL ? QkNorm.NONE : config.qkNorm();
    }

    /** Tokens [b, m, d] to [b, d]. */
    Tensor apply(Tensor tokens) {
        Tensor queries = broadcastTo(probe, tokens.dim(0), 1, tokens.dim(2));           // [b, 1, d]
        Tensor z = attention.apply(queries, tokens);
        Tensor pooled = add(z, mlp.apply(norm.apply(z), Observer.NONE));
        return reshape(pooled, tokens.dim(0), tokens.dim(2));
    }
}

package tessella.models.pruning;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import tessella.autodiff.Elementwise;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Tensor;
import tessella.models.nn.Dense;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** An MLP with ReLU whose kernels, but the last, are pruned: y = relu(.. relu(x S(W_1) + b_1) ..) W_n + b_n. */
final class PrunedMlp {
    private final List<Integer> widths;
    private final Parameters parameters;

    /** The network of widths w_0 (inputs) to w_n (classes), with these parameters. */
    PrunedMlp(List<Integer> widths, Parameters parameters) {
        this.widths = List.copyOf(widths);
        this.parameters = parameters;
    }

    static List<ParameterSpec> specs(List<Integer> widths) {
        List<ParameterSpec> specs = new ArrayList<>();
        for (int i = 0; i + 1 < widths.size(); i++) {
            specs.addAll(Dense.specs(name(i), widths.get(i), widths.get(i + 1),
                    Initializer.xavierUniform(widths.get(i), widths.get(i + 1)), Initializer.constant(0)));
        }
        return specs;
    }

    private static String name(int layer) {
        return "layer" + layer;
    }

    /** Layers whose kernels are pruned. */
    int pruned() {
        return widths.size() - 2;
    }

    /** The kernel of a layer. */
    Tensor kernel(int layer) {
        return parameters.get(name(layer) + ".kernel").tensor();
    }

    /** Logits of x [n, w_0], the kernels of pruned layers as select gives them. */
    Tensor logits(Tensor x, BiFunction<Integer, Tensor, Tensor> select) {
        Tensor y = x;
        for (int layer = 0; layer + 1 < widths.size(); layer++) {
            Tensor kernel = layer < pruned() ? select.apply(layer, kernel(layer)) : kernel(layer);
            y = LinearAlgebra.linear(y, kernel, parameters.get(name(layer) + ".bias").tensor());
            y = layer < pruned() ? Elementwise.relu(y) : y;
        }
        return y;
    }

    /** Multiply-adds of one example if so many weights of each pruned kernel are not 0. */
    long multiplyAdds(List<Integer> kept) {
        long sum = (long) widths.get(widths.size() - 2) * widths.getLast();
        for (int count : kept) {
            sum += count;
        }
        return sum;
    }
}

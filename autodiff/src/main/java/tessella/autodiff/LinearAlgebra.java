package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.List;
import tessella.engine.Einsum;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Sums;

/** Products of matrices. Results are in the innermost scope; shapes that do not fit throw IllegalArgumentException. */
public final class LinearAlgebra {
    private LinearAlgebra() {}

    /** y = a b for a [.., m, k] and b [.., k, n], leading axes broadcast; da = dy b^T, db = a^T dy. */
    public static Tensor matmul(Tensor a, Tensor b) {
        PackedMatrix packed = Parameter.packed(b);
        NdArray y = packed == null ? MatMul.multiply(a.value(), b.value()) : MatMul.multiply(a.value(), packed);
        return operator("matmul", y, saved(a.value(), b.value()), (dy, to) -> {
            to.add(a, () -> Elementwise.reduced(MatMul.multiply(dy, b.value().transpose()), a));
            to.add(b, () -> Elementwise.reduced(MatMul.multiply(a.value().transpose(), dy), b));
        }, a, b);
    }

    /**
     * y = x W + b for x [.., in], W [in, out] and b [out], or null; or for n layers side by side, x [n, .., in], W [n, in, out] and
     * b [n, out]. dx = dy W^T, dW = x^T dy and db = sum dy over all rows of a layer.
     */
    public static Tensor linear(Tensor x, Tensor weight, Tensor bias) {
        boolean one = weight.shape().rank() == 2;
        boolean many = weight.shape().rank() == 3 && x.shape().rank() >= 2 && x.dim(0) == weight.dim(0);
        if (x.shape().rank() < 1 || !one && !many || x.dim(-1) != weight.dim(-2)
                || bias != null && !bias.shape().equals(weight.shape().without(-2))) {
            throw new IllegalArgumentException("linear: expected x [.., in], a weight [in, out] and a bias [out], or [n, .., in],"
                    + " [n, in, out] and [n, out], found " + x.shape() + ", " + weight.shape()
                    + (bias == null ? "" : " and " + bias.shape()));
        }
        Shape layers = weight.shape().axes(0, weight.shape().rank() - 2);
        long in = weight.dim(-2);
        long out = weight.dim(-1);
        long count = x.shape().size() / Math.max(1, in * layers.size());
        NdArray rows = x.value().reshaped(layers.then(Shape.of(count, in)));
        NdArray added = bias == null ? null : bias.value();
        PackedMatrix packed = Parameter.packed(weight);
        NdArray y = packed == null ? MatMul.multiply(rows, weight.value(), added) : MatMul.multiply(rows, packed, added);
        return operator("linear", y.reshape(x.shape().with(-1, out)), saved(rows, weight.value()), (dy, to) -> {
            NdArray d = dy.reshaped(layers.then(Shape.of(count, out)));
            to.add(x, () -> MatMul.multiply(d, weight.value().transpose()).reshape(x.shape()));
            to.add(weight, () -> MatMul.multiply(rows.transpose(), d));
            if (bias != null) {
                to.add(bias, () -> Sums.sum(d, 1, -2).reshape(bias.shape()));
            }
            d.freeUnless(dy);
        }, x, weight, bias);
    }

    /**
     * The einsum of an equation such as "bmd,bmnp->bnpd" ({@link Einsum}); the cotangent of an operand is the einsum of dy
     * with the other operands, repeated along axes that only this operand has, 0 beside a diagonal.
     */
    public static Tensor einsum(String equation, Tensor... operands) {
        Einsum parsed = Einsum.of(equation);
        NdArray[] values = new NdArray[operands.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = operands[i].value();
        }
        return operator("einsum", parsed.apply(values), saved(values), (dy, to) -> {
            for (int i = 0; i < operands.length; i++) {
                int at = i;
                to.add(operands[i], () -> einsumGradient(parsed, values, dy, at));
            }
        }, operands);
    }

    private static NdArray einsumGradient(Einsum parsed, NdArray[] values, NdArray dy, int at) {
        List<String> letters = parsed.operands();
        StringBuilder equation = new StringBuilder(parsed.result());
        NdArray[] arrays = new NdArray[values.length];
        arrays[0] = dy;
        for (int i = 0, next = 1; i < values.length; i++) {
            if (i != at) {
                equation.append(',').append(letters.get(i));
                arrays[next++] = values[i];
            }
        }
        String all = letters.get(at);
        String own = all.chars().distinct().collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        StringBuilder known = new StringBuilder();
        long[] dims = new long[own.length()];
        long[] extents = new long[own.length()];
        for (int axis = 0; axis < dims.length; axis++) {
            boolean elsewhere = equation.indexOf(own.substring(axis, axis + 1)) >= 0;
            if (elsewhere) {
                known.append(own.charAt(axis));
            }
            extents[axis] = values[at].shape().dim(all.indexOf(own.charAt(axis)));
            dims[axis] = elsewhere ? extents[axis] : 1;
        }
        NdArray d = Einsum.of(equation.append("->").append(known).toString()).apply(arrays);
        NdArray spread = d.reshaped(Shape.of(dims)).broadcastTo(Shape.of(extents));
        if (own.length() == all.length()) {
            return spread;
        }
        // elements beside a diagonal have no part in the result
        NdArray dx = NdArray.zeros(Scope.current(), dy.dtype(), values[at].shape());
        NdArray diagonal = dx;
        for (int axis = all.length() - 1; axis > 0; axis--) {
            int first = all.indexOf(all.charAt(axis));
            diagonal = first < axis ? diagonal.diagonal(first, axis) : diagonal;
        }
        diagonal.copyFrom(spread);
        return dx;
    }
}

package tessella.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A parsed einsum equation of one to three operands, such as "bmd,bmnp->bnpd": a letter names an axis, letters that the
 * result lacks are summed over, a letter twice in one operand takes its diagonal.
 *
 * <p>Two operands at a time become one batched matrix product: letters of both operands and the result are the batch,
 * letters of both but not the result are contracted. Views are used where strides allow, copies elsewhere. An equation is
 * immutable and parsed once.
 */
public final class Einsum {
    private static final Map<String, Einsum> PARSED = new ConcurrentHashMap<>();

    private final String equation;
    private final List<String> operands;
    private final String result;

    private Einsum(String equation, List<String> operands, String result) {
        this.equation = equation;
        this.operands = operands;
        this.result = result;
    }

    /**
     * Parses an equation.
     *
     * @throws IllegalArgumentException if it is not of the form "ab,bc->ac" with one to three operands, if the result names an
     *     axis twice, or one that no operand has
     */
    public static Einsum of(String equation) {
        return PARSED.computeIfAbsent(equation, Einsum::parse);
    }

    private static Einsum parse(String equation) {
        String text = equation.replace(" ", "");
        int arrow = text.indexOf("->");
        if (arrow < 0 || !text.matches("[a-zA-Z]*(,[a-zA-Z]*){0,2}->[a-zA-Z]*")) {
            throw new IllegalArgumentException("einsum: expected an equation such as \"bmd,bmnp->bnpd\" with one to three "
                    + "operands, one letter an axis, found \"" + equation + "\"");
        }
        List<String> operands = List.of(text.substring(0, arrow).split(",", -1));
        String result = text.substring(arrow + 2);
        if (result.chars().distinct().count() != result.length()) {
            throw new IllegalArgumentException("einsum: \"" + equation + "\": the result \"" + result
                    + "\" names an axis twice; expected each axis once");
        }
        for (char letter : result.toCharArray()) {
            if (operands.stream().noneMatch(o -> o.indexOf(letter) >= 0)) {
                throw new IllegalArgumentException("einsum: \"" + equation + "\": the result names axis " + letter
                        + ", which no operand has");
            }
        }
        return new Einsum(equation, operands, result);
    }

    /** The letters of each operand. */
    public List<String> operands() {
        return operands;
    }

    /** The letters of the result. */
    public String result() {
        return result;
    }

    /**
     * Evaluates the equation, into an array that may be a permuted view of new memory in the innermost scope.
     *
     * @throws IllegalArgumentException if the number of operands, a rank or an extent does not fit the equation
     */
    public NdArray apply(NdArray... arrays) {
        check(arrays);
        Term term = Term.of(operands.get(0), arrays[0]);
        for (int i = 1; i < arrays.length; i++) {
            String needed = result + String.join("", operands.subList(i + 1, operands.size()));
            Term product = contract(term, Term.of(operands.get(i), arrays[i]), needed);
            term.freeUnless(arrays);
            term = product;
        }
        Term out = term.sumTo(result);
        if (out != term) {
            term.freeUnless(arrays);
        }
        NdArray ordered = out.order(result);
        // a lone operand that is only permuted would otherwise hand out the caller's own memory
        return ordered.allocation() == arrays[0].allocation() ? ordered.copy() : ordered;
    }

    private void check(NdArray[] arrays) {
        if (arrays.length != operands.size()) {
            throw new IllegalArgumentException("einsum: \"" + equation + "\" has " + operands.size() + " operands, found "
                    + arrays.length);
        }
        Map<Character, Long> extents = new HashMap<>();
        for (int i = 0; i < arrays.length; i++) {
            String letters = operands.get(i);
            if (arrays[i].shape().rank() != letters.length()) {
                throw new IllegalArgumentException("einsum: \"" + equation + "\": operand " + (i + 1) + " is \"" + letters
                        + "\", expected " + letters.length() + " axes, found shape " + arrays[i].shape());
            }
            for (int axis = 0; axis < letters.length(); axis++) {
                long extent = arrays[i].shape().dim(axis);
                Long known = extents.putIfAbsent(letters.charAt(axis), extent);
                if (known != null && known != extent) {
                    throw new IllegalArgumentException("einsum: \"" + equation + "\": axis " + letters.charAt(axis) + " is "
                            + known + " before and " + extent + " in operand " + (i + 1) + " of shape " + arrays[i].shape());
                }
            }
            Pointwise.checkTypes("einsum", arrays[0], arrays[i]);
        }
    }

    /** An array with a letter for each axis. */
    private record Term(String letters, NdArray array) {
        /** An operand; axes of one letter become their diagonal. */
        static Term of(String letters, NdArray array) {
            for (int axis = letters.length() - 1; axis > 0; axis--) {
                int first = letters.indexOf(letters.charAt(axis));
                if (first < axis) {
                    array = array.diagonal(first, axis);
                    letters = letters.substring(0, axis) + letters.substring(axis + 1);
                }
            }
            return new Term(letters, array);
        }

        /** The array with its axes in this order; letters it lacks become axes of extent 1. */
        NdArray order(String target) {
            int[] order = new int[letters.length()];
            long[] dims = new long[target.length()];
            int at = 0;
            for (int i = 0; i < target.length(); i++) {
                int axis = letters.indexOf(target.charAt(i));
                dims[i] = axis < 0 ? 1 : array.shape().dim(axis);
                if (axis >= 0) {
                    order[at++] = axis;
                }
            }
            NdArray permuted = array.permute(order);
            // adding axes of extent 1 is always a view
            return permuted.reshape(Shape.of(dims));
        }

        /** Sums over every letter that is not kept. */
        Term sumTo(String kept) {
            StringBuilder left = new StringBuilder();
            List<Integer> axes = new ArrayList<>();
            for (int i = 0; i < letters.length(); i++) {
                if (kept.indexOf(letters.charAt(i)) >= 0) {
                    left.append(letters.charAt(i));
                } else {
                    axes.add(i);
                }
            }
            if (axes.isEmpty()) {
                return this;
            }
            NdArray sum = Sums.sum(array, 1, axes.stream().mapToInt(i -> i).toArray());
            long[] dims = left.chars().mapToLong(c -> array.shape().dim(letters.indexOf(c))).toArray();
            return new Term(left.toString(), sum.reshape(Shape.of(dims)));
        }

        /** Axes grouped into as many axes as groups. */
        NdArray group(String... groups) {
            long[] dims = new long[groups.length];
            for (int i = 0; i < groups.length; i++) {
                dims[i] = extent(groups[i]);
            }
            return order(String.join("", groups)).reshaped(Shape.of(dims));
        }

        /** [batch, rows, columns]; of what must be copied, the axis whose elements lie side by side stays the last. */
        NdArray matrices(String batch, String rows, String columns) {
            for (int axis = 0; axis < letters.length(); axis++) {
                if (array.stride(axis) == 1 && array.shape().dim(axis) > 1 && rows.indexOf(letters.charAt(axis)) >= 0) {
                    return group(batch, columns, rows).transpose();
                }
            }
            return group(batch, rows, columns);
        }

        private long extent(String some) {
            return some.chars().mapToLong(c -> array.shape().dim(letters.indexOf(c))).reduce(1, (a, b) -> a * b);
        }

        void freeUnless(NdArray... arrays) {
            for (NdArray other : arrays) {
                if (other.allocation() == array.allocation()) {
                    return;
                }
            }
            array.free();
        }
    }

    /** The product of two terms, summed over every letter that is not needed any more. */
    private static Term contract(Term a, Term b, String needed) {
        Term left = a.sumTo(needed + b.letters);
        Term right = b.sumTo(needed + a.letters);
        Term product = product(left, right, needed);
        if (left != a) {
            left.array.free();
        }
        if (right != b) {
            right.array.free();
        }
        return product;
    }

    private static Term product(Term a, Term b, String needed) {
        StringBuilder batch = new StringBuilder();
        StringBuilder contracted = new StringBuilder();
        StringBuilder rows = new StringBuilder();
        StringBuilder columns = new StringBuilder();
        Set<Character> letters = new LinkedHashSet<>();
        (needed + a.letters + b.letters).chars().forEach(c -> letters.add((char) c));
        for (char letter : letters) {
            boolean inA = a.letters.indexOf(letter) >= 0;
            boolean inB = b.letters.indexOf(letter) >= 0;
            boolean kept = needed.indexOf(letter) >= 0;
            if (inA && inB) {
                (kept ? batch : contracted).append(letter);
            } else if (inA) {
                rows.append(letter);
            } else if (inB) {
                columns.append(letter);
            }
        }
        if (contracted.isEmpty() || (rows.isEmpty() && columns.isEmpty())) {
            String all = "" + batch + rows + columns + contracted;
            Term full = new Term(all, Pointwise.apply(Pointwise.Binary.MUL, a.order(all), b.order(all)));
            Term sum = full.sumTo("" + batch + rows + columns);
            if (sum != full) {
                full.array.free();
            }
            return sum;
        }
        if (!columns.isEmpty() && !rows.isEmpty()
                && needed.indexOf(rows.charAt(rows.length() - 1)) > needed.indexOf(columns.charAt(columns.length() - 1))) {
            // the result wants the axes of a last: b a instead of a b
            return product(b, a, batch.toString(), contracted.toString(), columns.toString(), rows.toString());
        }
        return product(a, b, batch.toString(), contracted.toString(), rows.toString(), columns.toString());
    }

    private static Term product(Term a, Term b, String batch, String contracted, String rows, String columns) {
        NdArray left = a.matrices(batch, rows, contracted);
        NdArray right = b.matrices(batch, contracted, columns);
        NdArray y = MatMul.multiply("einsum", left, right, null, 1);
        left.freeUnless(a.array);
        right.freeUnless(b.array);
        String letters = batch + rows + columns;
        long[] dims = letters.chars().mapToLong(c -> {
            int axis = a.letters.indexOf(c);
            return axis >= 0 ? a.array.shape().dim(axis) : b.array.shape().dim(b.letters.indexOf(c));
        }).toArray();
        return new Term(letters, y.reshape(Shape.of(dims)));
    }
}

package tessella.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Einsum by its definition: the sum, over every value of every letter, of the product of the operands' elements, each
 * added to the output element that its letters name. Any number of operands; letters may repeat within an operand.
 */
public final class EinsumOracle {
    private final List<String> inputs;
    private final String output;
    private final List<Character> letters = new ArrayList<>();
    private final int[] extents;

    private EinsumOracle(String equation, Array... operands) {
        String[] sides = equation.replace(" ", "").split("->", -1);
        inputs = List.of(sides[0].split(",", -1));
        output = sides[1];
        Map<Character, Integer> extent = new LinkedHashMap<>();
        for (int i = 0; i < operands.length; i++) {
            for (int axis = 0; axis < operands[i].rank(); axis++) {
                Integer known = extent.putIfAbsent(inputs.get(i).charAt(axis), operands[i].dim(axis));
                if (known != null && known != operands[i].dim(axis)) {
                    throw new IllegalArgumentException("EinsumOracle: letter " + inputs.get(i).charAt(axis) + " of "
                            + equation + " is " + known + " and " + operands[i].dim(axis));
                }
            }
        }
        letters.addAll(extent.keySet());
        extents = extent.values().stream().mapToInt(Integer::intValue).toArray();
    }

    /** The output of {@code equation}, for example {@code "bmd,dnp->bmnp"}, for these operands. */
    public static Array einsum(String equation, Array... operands) {
        EinsumOracle sum = new EinsumOracle(equation, operands);
        Array y = Array.zeros(sum.shapeOf(sum.output));
        for (int[] values : Array.indices(sum.extents)) {
            double product = 1;
            for (int i = 0; i < operands.length; i++) {
                product *= operands[i].get(sum.select(sum.inputs.get(i), values));
            }
            y.add(product, sum.select(sum.output, values));
        }
        return y;
    }

    /** The gradient with respect to every operand: the product of {@code dy} and the other operands, summed. */
    public static List<Array> einsumVjp(String equation, Array dy, Array... operands) {
        EinsumOracle sum = new EinsumOracle(equation, operands);
        List<Array> gradients = new ArrayList<>();
        for (int target = 0; target < operands.length; target++) {
            Array gradient = Array.zeros(operands[target].shape());
            for (int[] values : Array.indices(sum.extents)) {
                double product = dy.get(sum.select(sum.output, values));
                for (int i = 0; i < operands.length; i++) {
                    product *= i == target ? 1 : operands[i].get(sum.select(sum.inputs.get(i), values));
                }
                gradient.add(product, sum.select(sum.inputs.get(target), values));
            }
            gradients.add(gradient);
        }
        return gradients;
    }

    private int[] select(String term, int[] values) {
        int[] index = new int[term.length()];
        for (int axis = 0; axis < index.length; axis++) {
            index[axis] = values[letters.indexOf(term.charAt(axis))];
        }
        return index;
    }

    private int[] shapeOf(String term) {
        return select(term, extents);
    }
}

package tessella.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A command line of words and of options that each have a value.
 *
 * @param words what is no option
 * @param values by option
 * @param rest what comes after "--", for somebody else
 */
record Options(List<String> words, Map<String, String> values, List<String> rest) {
    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if an option is none of the known ones, is there twice, or has no value
     */
    static Options parse(String[] arguments, String... known) {
        List<String> words = new ArrayList<>();
        Map<String, String> values = new LinkedHashMap<>();
        int i = 0;
        for (; i < arguments.length && !arguments[i].equals("--"); i++) {
            String argument = arguments[i];
            if (!argument.startsWith("--")) {
                words.add(argument);
            } else if (!List.of(known).contains(argument)) {
                throw new IllegalArgumentException("expected one of the options " + String.join(", ", known) + ", found "
                        + argument);
            } else if (i + 1 == arguments.length) {
                throw new IllegalArgumentException("expected a value after " + argument + ", found the end");
            } else if (values.put(argument, arguments[++i]) != null) {
                throw new IllegalArgumentException("expected " + argument + " once, found it twice");
            }
        }
        return new Options(List.copyOf(words), values, List.of(arguments)
                .subList(Math.min(i + 1, arguments.length), arguments.length));
    }

    /**
     * The value of an option that is a number of at least 0, or another one.
     *
     * @throws IllegalArgumentException if the value is no such number
     */
    double number(String option, double otherwise) {
        String text = values.get(option);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
            throw new IllegalArgumentException("expected a number of at least 0 for " + option + ", found \"" + text + "\"");
        }
        return Double.parseDouble(text);
    }

    /** As {@link #number}, a whole number of at least 1. */
    int count(String option, int otherwise) {
        double value = number(option, otherwise);
        if (value < 1 || value != Math.rint(value)) {
            throw new IllegalArgumentException("expected a whole number of at least 1 for " + option + ", found "
                    + values.get(option));
        }
        return (int) value;
    }
}

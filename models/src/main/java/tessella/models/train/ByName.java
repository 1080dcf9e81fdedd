package tessella.models.train;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A number for each parameter: that of the first rule whose pattern matches the whole name, else the other one.
 *
 * @param rules in the order in which they are tried
 * @param otherwise for names that no pattern matches
 */
public record ByName(List<Rule> rules, double otherwise) {
    /** Names that match the pattern have this value. */
    public record Rule(Pattern names, double value) {
        /** A rule with the pattern of a regular expression. */
        public static Rule of(String names, double value) {
            return new Rule(Pattern.compile(names), value);
        }
    }

    /**
     * Copies the rules.
     *
     * @throws IllegalArgumentException if a value is negative or not finite
     */
    public ByName {
        rules = List.copyOf(rules);
        for (Rule rule : rules) {
            require(rule.names().pattern(), rule.value());
        }
        require("other names", otherwise);
    }

    private static void require(String names, double value) {
        if (!(value >= 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException("values by name: expected a finite value of at least 0 for " + names + ", found "
                    + value);
        }
    }

    /** The same value for every name. */
    public static ByName all(double value) {
        return new ByName(List.of(), value);
    }

    /** The value of a name. */
    public double of(String name) {
        for (Rule rule : rules) {
            if (rule.names().matcher(name).matches()) {
                return rule.value();
            }
        }
        return otherwise;
    }
}

package tessella.models.train;

import java.util.List;
import java.util.regex.Pattern;

/** Weight decay by parameter name: the first rule whose pattern matches the whole name holds; without a match it is 0. */
public record WeightDecay(List<Rule> rules) {
    /** Names that match the pattern decay at this rate. */
    public record Rule(Pattern names, double decay) {}

    /** Copies the rules. */
    public WeightDecay {
        rules = List.copyOf(rules);
    }

    /** The rule of the Soft MoE paper: kernels and the router's scale decay, the classifier at its own rate, Phi does not. */
    public static WeightDecay softMoe(double kernels, double head) {
        return new WeightDecay(List.of(new Rule(Pattern.compile("head\\.kernel"), head),
                new Rule(Pattern.compile(".*\\.kernel"), kernels), new Rule(Pattern.compile(".*\\.router\\.scale"), kernels)));
    }

    /** The decay of a parameter. */
    public double of(String name) {
        for (Rule rule : rules) {
            if (rule.names().matcher(name).matches()) {
                return rule.decay();
            }
        }
        return 0;
    }
}

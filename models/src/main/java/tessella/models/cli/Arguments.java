package tessella.models.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** What a user gave a command: the values of its options, and its operands. Immutable. */
public final class Arguments {
    private final Map<Option<?>, Object> values;
    private final List<String> operands;

    Arguments(Map<Option<?>, Object> values, List<String> operands) {
        this.values = Map.copyOf(values);
        this.operands = List.copyOf(operands);
    }

    /**
     * Returns the value of an option, its default if it was not given.
     *
     * @param option an option of the command
     * @param <T>    the type of its value
     * @return the value
     * @throws NoSuchElementException if it was not given and has no default
     */
    public <T> T get(Option<T> option) {
        return find(option).orElseThrow(() -> new NoSuchElementException(option.name() + " has no default"));
    }

    /**
     * Returns the value of an option that may have neither been given nor have a default.
     *
     * @param option an option of the command
     * @param <T>    the type of its value
     * @return the value, or empty
     */
    @SuppressWarnings("unchecked") // the option itself has read the value
    public <T> Optional<T> find(Option<T> option) {
        Object value = values.get(option);
        return value == null ? option.defaultValue() : Optional.of((T) value);
    }

    /**
     * Returns these arguments with the values of others where these have none.
     *
     * @param others what was given for several commands
     * @return new arguments, with the operands of these
     */
    Arguments over(Arguments others) {
        Map<Option<?>, Object> all = new HashMap<>(others.values);
        all.putAll(values);
        return new Arguments(all, operands);
    }

    /**
     * Returns the words that are not options, in their order.
     *
     * @return an unmodifiable list
     */
    public List<String> operands() {
        return operands;
    }
}

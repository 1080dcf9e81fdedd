package tessella.models.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One option of a command: its name, the type and range of its value, its default, and a line of help. Immutable.
 *
 * @param <T> the type of the value
 */
public final class Option<T> {
    private final String name;
    private final String valueName; // "" for a flag
    private final String help;
    private final String expected;
    private final Function<String, Optional<T>> reader; // empty when the text is not as expected
    private final Optional<T> defaultValue;
    private final String defaultText; // "" for nothing to tell
    private final Optional<BinaryOperator<T>> join; // of a value and the next one; empty for an option that may be given once

    private Option(String name, String valueName, String help, String expected, Function<String, Optional<T>> reader,
            Optional<T> defaultValue, String defaultText, Optional<BinaryOperator<T>> join) {
        this.name = name;
        this.valueName = valueName;
        this.help = help;
        this.expected = expected;
        this.reader = reader;
        this.defaultValue = defaultValue;
        this.defaultText = defaultText;
        this.join = join;
    }

    /**
     * Anything that can be read from a text.
     *
     * @param name      the name without dashes
     * @param valueName what the usage line calls the value
     * @param help      what it is for
     * @param expected  what the text must be, for messages
     * @param reader    the value of a text; empty if the text is not as expected
     * @return the option, without a default
     */
    public static <T> Option<T> of(String name, String valueName, String help, String expected,
            Function<String, Optional<T>> reader) {
        return new Option<>("--" + name, valueName, help, expected, reader, Optional.empty(), "", Optional.empty());
    }

    /**
     * An integer.
     *
     * @param name    the name without dashes
     * @param minimum the least value
     * @param maximum the greatest value; {@code Integer.MAX_VALUE} is not mentioned to the user
     * @param help    what it is for
     * @return the option, without a default
     */
    public static Option<Integer> integer(String name, int minimum, int maximum, String help) {
        String range = maximum == Integer.MAX_VALUE ? " of at least " + minimum : " from " + minimum + " to " + maximum;
        return of(name, "n", help, "an integer" + range, text -> {
            try {
                return Optional.of(Integer.valueOf(text)).filter(n -> n >= minimum && n <= maximum);
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        });
    }

    /**
     * An integer of 64 bits.
     *
     * @param name the name without dashes
     * @param help what it is for
     * @return the option, without a default
     */
    public static Option<Long> longInteger(String name, String help) {
        return of(name, "n", help, "an integer of 64 bits", text -> {
            try {
                return Optional.of(Long.valueOf(text));
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        });
    }

    /**
     * A decimal number, such as 0.002 or 2e-3.
     *
     * @param name    the name without dashes
     * @param minimum the least value
     * @param maximum the greatest value; {@code Double.POSITIVE_INFINITY} is not mentioned to the user
     * @param help    what it is for
     * @return the option, without a default
     */
    public static Option<Double> number(String name, double minimum, double maximum, String help) {
        String range = maximum == Double.POSITIVE_INFINITY ? " of at least " + plain(minimum)
                : " from " + plain(minimum) + " to " + plain(maximum);
        return of(name, "x", help, "a number" + range, text -> {
            if (!text.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?")) { // Java itself takes 1f and NaN
                return Optional.empty();
            }
            double value = Double.parseDouble(text);
            return value >= minimum && value <= maximum && !Double.isInfinite(value) ? Optional.of(value)
                    : Optional.empty();
        });
    }

    /**
     * One of some words.
     *
     * @param name  the name without dashes
     * @param words the words
     * @param help  what it is for
     * @return the option, without a default
     */
    public static Option<String> choice(String name, List<String> words, String help) {
        return of(name, "name", help + ": " + String.join(", ", words), "one of " + String.join(", ", words),
                text -> Optional.of(text).filter(words::contains));
    }

    /**
     * A file or folder, which need not exist.
     *
     * @param name the name without dashes
     * @param help what it is for
     * @return the option, without a default
     */
    public static Option<Path> path(String name, String help) {
        return of(name, "path", help, "a path", text -> {
            try {
                return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
            } catch (InvalidPathException e) {
                return Optional.empty();
            }
        });
    }

    /**
     * An option that is there or not and takes no value.
     *
     * @param name the name without dashes
     * @param help what it is for
     * @return the option, {@code false} unless given
     */
    public static Option<Boolean> flag(String name, String help) {
        return new Option<>("--" + name, "", help, "no value", text -> Optional.empty(), Optional.of(false), "", Optional.empty());
    }

    /**
     * Returns the option with a default.
     *
     * @param value what it is when not given
     * @return a new option
     */
    public Option<T> orElse(T value) {
        String text = value instanceof Double number ? plain(number) : value.toString();
        return new Option<>(name, valueName, help, expected, reader, Optional.of(value), text, join);
    }

    /**
     * Returns the option with a default that the help text puts in words.
     *
     * @param value what it is when not given
     * @param text  what to call that
     * @return a new option
     */
    public Option<T> orElse(T value, String text) {
        return new Option<>(name, valueName, help, expected, reader, Optional.of(value), text, join);
    }

    /**
     * Returns the option with words for what happens when it is not given; it keeps having no default value.
     *
     * @param text what happens then
     * @return a new option
     */
    public Option<T> otherwise(String text) {
        return new Option<>(name, valueName, help, expected, reader, Optional.empty(), text, join);
    }

    /**
     * Returns the option as one that may be given any number of times.
     *
     * @return a new option without a default, whose value has an element each time
     */
    public Option<List<T>> repeated() {
        return new Option<>(name, valueName, help, expected, text -> reader.apply(text).map(List::of), Optional.empty(), "",
                Optional.of((before, next) -> Stream.concat(before.stream(), next.stream()).toList()));
    }

    /** The value of an option that is given once more; empty if it may not be. */
    @SuppressWarnings("unchecked") // the option itself has read both
    Optional<T> joined(Object before, Object next) {
        return join.map(operator -> operator.apply((T) before, (T) next));
    }

    /** With dashes. */
    String name() {
        return name;
    }

    boolean isFlag() {
        return valueName.isEmpty();
    }

    /** Such as {@code --epochs <n>}. */
    String synopsis() {
        return isFlag() ? name : name + " <" + valueName + ">";
    }

    String help() {
        return defaultText.isEmpty() ? help : help + " (default: " + defaultText + ")";
    }

    Optional<T> defaultValue() {
        return defaultValue;
    }

    String expected() {
        return expected;
    }

    Optional<T> read(String text) {
        return reader.apply(text);
    }

    private static String plain(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e9 ? Long.toString((long) number)
                : Double.toString(number);
    }
}

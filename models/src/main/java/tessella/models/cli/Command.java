package tessella.models.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * One command of a program: what may follow its name. Reads {@code --key value}, {@code --key=value} and {@code --flag}
 * in any order, among the operands; negative numbers are operands, and after the word {@code --} everything is.
 *
 * @param name     the word that chooses the command
 * @param summary  one sentence of help
 * @param operands what it takes besides options
 * @param options  its options, in the order of the help text; {@code --help} needs no mention
 */
public record Command(String name, String summary, Operands operands, List<Option<?>> options) {
    private static final String PROGRAM = "tessella";
    private static final int HELP_COLUMNS = 100;

    /**
     * What a command takes besides options.
     *
     * @param synopsis how the usage line shows them: {@code "<checkpoint> <picture>..."}; "" for none
     * @param minimum  the least number
     * @param maximum  the greatest number
     */
    public record Operands(String synopsis, int minimum, int maximum) {
        /** No operands. */
        public static final Operands NONE = new Operands("", 0, 0);
    }

    /** Copies the list. */
    public Command {
        options = List.copyOf(options);
    }

    /**
     * Reads the words after the name of the command.
     *
     * @param words the words
     * @return the values of options and operands
     * @throws UsageException naming the word that is wrong, what was expected, and the nearest name there is
     */
    public Arguments parse(List<String> words) {
        Map<Option<?>, Object> values = new HashMap<>();
        List<String> found = new ArrayList<>();
        Iterator<String> rest = words.iterator();
        while (rest.hasNext()) {
            String word = rest.next();
            if (word.equals("--")) {
                rest.forEachRemaining(found::add);
            } else if (word.startsWith("-") && !word.equals("-") && !word.matches("-\\.?[0-9].*")) {
                int equals = word.indexOf('=');
                Option<?> option = option(equals < 0 ? word : word.substring(0, equals));
                Object value = equals < 0 ? value(option, rest) : value(option, word.substring(equals + 1));
                values.merge(option, value, (first, next) -> option.joined(first, next).orElseThrow(
                        () -> new UsageException("%s: %s is given twice".formatted(title(), option.name()))));
            } else {
                found.add(word);
            }
        }
        if (found.size() < operands.minimum() || found.size() > operands.maximum()) {
            throw new UsageException("%s: expected %s, found %s".formatted(title(),
                    operands.synopsis().isEmpty() ? "options only" : operands.synopsis(),
                    found.isEmpty() ? "nothing" : String.join(" ", found)));
        }
        return new Arguments(values, found);
    }

    private Object value(Option<?> option, Iterator<String> rest) {
        if (option.isFlag()) {
            return true;
        }
        String text = rest.hasNext() ? rest.next() : "--";
        if (text.startsWith("--")) { // a single dash may begin a negative number
            throw new UsageException("%s: %s needs a value, %s".formatted(title(), option.name(), option.expected()));
        }
        return value(option, text);
    }

    private Object value(Option<?> option, String text) {
        return option.read(text).orElseThrow(() -> new UsageException("%s: %s expects %s, found \"%s\"".formatted(
                title(), option.name(), option.expected(), text)));
    }

    private Option<?> option(String name) {
        for (Option<?> option : options) {
            if (option.name().equals(name)) {
                return option;
            }
        }
        List<String> names = options.stream().map(Option::name).toList();
        throw new UsageException("%s: there is no option %s%s".formatted(title(), name,
                Nearest.hint(name, names, title() + " --help lists all")));
    }

    private String title() {
        return PROGRAM + " " + name;
    }

    /**
     * Returns the help text.
     *
     * @return lines of at most 100 characters, each ended by a line feed
     */
    public String help() {
        StringBuilder text = new StringBuilder("Usage: ").append(title()).append(" [options]");
        if (!operands.synopsis().isEmpty()) {
            text.append(' ').append(operands.synopsis());
        }
        text.append("\n\n");
        wrap(text, summary, 0);
        text.append("\nOptions:\n");
        List<Option<?>> all = new ArrayList<>(options);
        all.add(Option.flag("help", "shows this text"));
        int indent = 4 + all.stream().mapToInt(option -> option.synopsis().length()).max().orElseThrow();
        for (Option<?> option : all) {
            text.append("  ").append(option.synopsis()).repeat(' ', indent - 2 - option.synopsis().length());
            wrap(text, option.help(), indent);
        }
        return text.toString();
    }

    /** Appends the words of a paragraph whose first line already stands at the indent. */
    private static void wrap(StringBuilder out, String paragraph, int indent) {
        int column = indent;
        for (String word : paragraph.split(" ")) {
            if (column > indent && column + 1 + word.length() > HELP_COLUMNS) {
                out.append('\n').repeat(' ', indent);
                column = indent;
            }
            if (column > indent) {
                out.append(' ');
                column++;
            }
            out.append(word);
            column += word.length();
        }
        out.append('\n');
    }
}

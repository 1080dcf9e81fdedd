package tessella.models.train;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tessella.autodiff.Parameter;
import tessella.models.nn.Parameters;

/** Freezes parameters by name, before an optimiser is made: they get no gradient, and no memory for one or for moments. */
public final class Freezing {
    private Freezing() {}

    /**
     * Freezes every parameter whose whole name one of the patterns matches. Returns their names.
     *
     * @throws IllegalArgumentException if a pattern matches no parameter; nothing is frozen then
     */
    public static List<String> freeze(Parameters parameters, List<Pattern> patterns) {
        List<Parameter> frozen = new ArrayList<>();
        for (Pattern pattern : patterns) {
            List<Parameter> matched = parameters.all().stream().filter(p -> pattern.matcher(p.name()).matches()).toList();
            if (matched.isEmpty()) {
                throw new IllegalArgumentException("freezing: expected a pattern that matches the whole name of a parameter, found "
                        + pattern + "; names are " + String.join(", ", parameters.all().stream().map(Parameter::name).toList()));
            }
            frozen.addAll(matched);
        }
        frozen.forEach(Parameter::freeze);
        return frozen.stream().map(Parameter::name).distinct().toList();
    }
}

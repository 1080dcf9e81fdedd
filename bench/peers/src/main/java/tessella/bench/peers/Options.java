package tessella.bench.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is compared, and how.
 *
 * @param sets names of sets or of single pieces of work
 * @param threads numbers of threads, one after the other
 * @param rounds of each comparison
 * @param seconds that a library computes in a round, at least
 * @param warmup seconds that it computes before the first round
 * @param peers that we are compared with
 * @param json where all figures are written, if anywhere
 */
record Options(List<String> sets, List<Integer> threads, int rounds, double seconds, double warmup, List<String> peers,
        Optional<Path> json) {
    static final String USAGE = """
            usage: bench/peers/run SET... [--threads 1,2] [--rounds 7] [--seconds 0.3] [--warmup 2] [--peers a,b,..] [--json FILE]
            sets:  %s; or the name of a piece of work
            peers: %s
            """.formatted(String.join(", ", Works.sets()), String.join(", ", Peers.names()));

    /** Checks the ranges. */
    Options {
        if (sets.isEmpty() || threads.isEmpty() || rounds < 1 || !(seconds > 0) || !(warmup >= 0)
                || threads.stream().anyMatch(count -> count < 1)) {
            throw new IllegalArgumentException("compare: expected at least one set, positive threads, rounds and seconds, and a "
                    + "warm-up of at least 0, found " + sets + ", " + threads + ", " + rounds + ", " + seconds + " and " + warmup);
        }
        sets.forEach(Works::named);
        peers.stream().filter(peer -> !Peers.names().contains(peer)).findFirst().ifPresent(peer -> {
            throw Peers.unknown(peer);
        });
    }

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException if an option or a name is unknown, or a value is missing or no number
     */
    static Options parse(String... arguments) {
        List<String> sets = new ArrayList<>();
        List<Integer> threads = List.of(1, 2);
        int rounds = 7;
        double seconds = 0.3;
        double warmup = 2;
        List<String> peers = Peers.names();
        Optional<Path> json = Optional.empty();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (!argument.startsWith("--")) {
                sets.add(argument);
                continue;
            }
            if (++i == arguments.length) {
                throw new IllegalArgumentException("compare: expected a value after " + argument + ", found none");
            }
            String value = arguments[i];
            switch (argument) {
                case "--threads" -> threads = words(value).map(Integer::valueOf).toList();
                case "--rounds" -> rounds = Integer.parseInt(value);
                case "--seconds" -> seconds = Double.parseDouble(value);
                case "--warmup" -> warmup = Double.parseDouble(value);
                case "--peers" -> peers = words(value).toList();
                case "--json" -> json = Optional.of(Path.of(value));
                default -> throw new IllegalArgumentException("compare: expected an option of the list below, found " + argument);
            }
        }
        return new Options(sets, threads, rounds, seconds, warmup, peers, json);
    }

    private static Stream<String> words(String list) {
        return Arrays.stream(list.split(",")).filter(word -> !word.isEmpty());
    }

    /** How many pieces of work there are, each number of threads counted. */
    int pieces() {
        return sets.stream().map(Works::named).mapToInt(Collection::size).sum() * threads.size();
    }
}

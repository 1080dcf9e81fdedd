package tessella.golden;

import java.util.Set;

/**
 * How one {@code op} of the golden files is built from the library's operators: reads inputs and attributes from the
 * case, and gives every {@code out.*} back to it.
 */
@FunctionalInterface
interface Adapter {
    /** Computes the outputs of a case. */
    void run(Case c);

    /** The features, as they stand in the list of what is not yet covered, without which cases are set aside. */
    default Set<String> missing() {
        return Set.of();
    }

    /** This adapter, for cases that need none of these features; {@link Case#needs} sets the others aside. */
    default Adapter without(String... features) {
        Adapter self = this;
        return new Adapter() {
            @Override
            public void run(Case c) {
                self.run(c);
            }

            @Override
            public Set<String> missing() {
                return Set.of(features);
            }
        };
    }
}

package tessella.reference;

import java.util.function.UnaryOperator;

/** Checks one gradient of an oracle against central differences. */
final class Vjps {
    private Vjps() {}

    /** Requires that {@code gradient} is the vjp of {@code f} at {@code x} for the cotangent {@code dy}. */
    static void require(String what, UnaryOperator<Array> f, Array x, Array dy, Array gradient) {
        Comparison.of(what, CentralDifference.vjp(f, x, dy), gradient).requireWithin(1e-7, 1e-9);
    }
}

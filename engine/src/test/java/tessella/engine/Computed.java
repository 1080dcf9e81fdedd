package tessella.engine;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;

/** The types that operators compute in. */
public final class Computed implements ArbitrarySupplier<DType> {
    @Override
    public Arbitrary<DType> get() {
        return Arbitraries.of(DType.F32, DType.F64);
    }
}

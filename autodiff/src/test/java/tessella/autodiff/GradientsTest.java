package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** Gradients that outlive their tapes, and their sums. */
@ExtendWith(MemoryReturned.class)
class GradientsTest {
    private static final Shape SHAPE = Shape.of(3);

    private static Parameter parameter(Scope shared, String name) {
        return new Parameter(name, NdArray.full(shared, DType.F64, SHAPE, 2));
    }

    /** Of w sum(a x) over the parameters x. */
    private static Gradients gradients(Scope shared, double a, double w, Parameter... parameters) {
        try (Tape tape = Tape.record()) {
            Tensor sum = null;
            for (Parameter parameter : parameters) {
                Tensor term = Reductions.sum(Elementwise.scale(parameter.tensor(), a));
                sum = sum == null ? term : Elementwise.add(sum, term);
            }
            return tape.gradients(sum, w).moveTo(shared);
        }
    }

    private static double[] all(double value) {
        return new double[] {value, value, value};
    }

    @Test
    void gradientsOfPartsAddUpInPlaceAndReturnWhatWasAdded() {
        try (Scope model = Scope.shared(); Scope shared = Scope.shared()) {
            Parameter a = parameter(model, "a");
            Gradients sum = gradients(shared, 3, 0.5, a);
            NdArray array = sum.of(a);
            long bytes = shared.bytes();
            for (int i = 1; i <= 3; i++) {
                sum.add(gradients(shared, i, 0.5, a));
                assertArrayEquals(all(1.5 + i * (i + 1) / 4.0), sum.of(a).toDoubles());
                assertEquals(bytes, shared.bytes());
            }
            assertEquals(array, sum.of(a), "in place");
        }
    }

    @Test
    void whatOnlyOneHasIsInTheSum() {
        try (Scope model = Scope.shared(); Scope shared = Scope.shared()) {
            Parameter a = parameter(model, "a");
            Parameter b = parameter(model, "b");
            Gradients sum = gradients(shared, 3, 1, a);
            sum.add(gradients(shared, 4, 1, b));
            sum.add(gradients(shared, 5, 1, a, b));
            assertArrayEquals(all(8), sum.of(a).toDoubles());
            assertArrayEquals(all(9), sum.of(b).toDoubles());
        }
    }

    /** x + y hands one cotangent to both; a sum in place in that memory would count twice. */
    @Test
    void gradientsThatShareMemoryAreSummedApart() {
        try (Scope model = Scope.shared(); Scope shared = Scope.shared()) {
            Parameter a = parameter(model, "a");
            Parameter b = parameter(model, "b");
            Gradients sum = null;
            for (int i = 1; i <= 3; i++) {
                try (Tape tape = Tape.record()) {
                    Tensor y = Elementwise.add(a.tensor(), b.tensor());
                    Gradients term = tape.gradients(List.of(y), List.of(NdArray.full(Scope.current(), DType.F64, SHAPE, i)));
                    term.moveTo(shared);
                    if (sum == null) {
                        sum = term;
                    } else {
                        sum.add(term);
                    }
                }
            }
            assertArrayEquals(all(6), sum.of(a).toDoubles());
            assertArrayEquals(all(6), sum.of(b).toDoubles());
        }
    }

    @Test
    void gradientsOfATapeThatIsClosedAreNotMoved() {
        try (Scope model = Scope.shared(); Scope shared = Scope.shared()) {
            Parameter a = parameter(model, "a");
            Gradients lost;
            try (Tape tape = Tape.record()) {
                lost = tape.gradients(Reductions.sum(Elementwise.scale(a.tensor(), 2)));
            }
            assertThrows(IllegalStateException.class, () -> lost.moveTo(shared));
        }
    }
}

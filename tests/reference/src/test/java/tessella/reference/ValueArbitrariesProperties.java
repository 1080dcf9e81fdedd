package tessella.reference;

import java.util.Arrays;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ValueArbitrariesProperties {
    @Provide
    Arbitrary<Array> arrays() {
        return ValueArbitraries.arrays(ShapeArbitraries.shapes(0, 4));
    }

    @Property(tries = 200)
    boolean everyValueIsAFloat(@ForAll("arrays") Array x) {
        return x.equals(Array.of(x.shape(), x.toFloats()));
    }

    @Property(tries = 200)
    boolean indicesAndOffsetsAreInverse(@ForAll("arrays") Array x) {
        int position = 0;
        for (int[] index : x.indices()) {
            if (x.offset(index) != position || !Arrays.equals(index, x.indexAt(position))) {
                return false;
            }
            position++;
        }
        return position == x.size();
    }
}

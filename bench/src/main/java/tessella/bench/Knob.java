package tessella.bench;

import java.util.List;
import tessella.kernels.FloatGemm;

/**
 * A system property of the matrix product that can be turned, with the values that are worth a try.
 *
 * @param property its name
 * @param standard what it is when nobody sets it
 * @param values others
 */
record Knob(String property, String standard, List<String> values) {
    /** The one of which bits depend. */
    static final String KC = "tessella.gemm.kc";

    Knob {
        String own = standard;
        values = values.stream().filter(value -> !value.equals(own)).toList();
    }

    /**
     * The knobs of float32 in this JVM: the shape of a tile, steps of a pass over k, tiles of A that stay in L2, and kilobytes of
     * such tiles and of the panels packed for them alone.
     */
    static List<Knob> all() {
        String tile = FloatGemm.MR + "x" + FloatGemm.WIDTH * Float.SIZE / FloatGemm.VECTOR_BITS;
        return List.of(new Knob("tessella.gemm.tile", tile, List.of("13x2", "12x2", "10x2", "8x3", "6x2", "4x3")),
                new Knob(KC, Integer.toString(FloatGemm.KC), List.of("256", "384", "512", "768", "1024", "1536")),
                new Knob("tessella.gemm.tiles", Integer.toString(FloatGemm.TILES), List.of("4", "8", "13", "20", "26", "34", "48")),
                new Knob("tessella.gemm.near", Integer.toString(FloatGemm.NEAR),
                        List.of("400", "800", "1200", "1600", "2400", "4000")));
    }
}

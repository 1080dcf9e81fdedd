package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tessella.engine.Random;
import tessella.kernels.FloatGemm;

/** The search on machines that are made up, whose best values are known. */
class TuneTest {
    private static final List<Knob> KNOBS = List.of(new Knob("tile", "13x2", List.of("8x3", "13x2", "90x9")),
            new Knob(Knob.KC, "1024", List.of("256", "512")), new Knob("near", "1600", List.of("800", "2400")));

    /** Counts trials, drifts, and adds noise of one per cent. */
    private static final class Machine implements Tuning.Trial {
        final List<Map<String, String>> asked = new ArrayList<>();
        private final Function<Map<String, String>, Double> speed;
        private final double noise;
        private final Random random = Random.of(7, "noise");

        Machine(double noise, Function<Map<String, String>, Double> speed) {
            this.noise = noise;
            this.speed = speed;
        }

        @Override
        public Map<String, Double> run(Map<String, String> properties) {
            asked.add(Map.copyOf(properties));
            if ("90x9".equals(properties.get("tile"))) {
                return Map.of();
            }
            // a machine that gets slower and slower, as one that heats up
            double base = speed.apply(properties) * Math.pow(0.999, asked.size()) * (1 + noise * random.normal(asked.size()));
            return Map.of("small", base, "large", base / 100);
        }
    }

    private static Tuning.Found run(Machine machine) throws Exception {
        return new Tuning(machine, 2, 6, new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)).run(KNOBS);
    }

    @Test
    void findsTheBestOfEachKnobAndItsGain() throws Exception {
        Machine machine = new Machine(0.002, properties -> (properties.getOrDefault(Knob.KC, "1024").equals("512") ? 110.0 : 100.0)
                * (properties.getOrDefault("near", "1600").equals("800") ? 1.1 : 1.0));
        Tuning.Found found = run(machine);
        assertEquals("512", found.properties().get(Knob.KC));
        assertEquals("800", found.properties().get("near"));
        assertTrue(found.gain().low() < 1.21 && found.gain().high() > 1.21, found.gain().toString());
        assertTrue(found.gain().low() > 1.18, found.gain().toString());
        assertEquals(List.of("large", "small"), List.copyOf(found.each().keySet()));
        String text = Tuning.text(found);
        assertTrue(text.contains("-Dtessella.gemm.kc=512") && text.contains("-Dnear=800"), text);
        assertTrue(text.contains("gain 1.2") && text.contains("95 % interval"), text);
        assertTrue(text.contains("tessella.gemm.kc is part of the determinism domain"), text);
    }

    @Test
    void saysWhenBitsStay() throws Exception {
        Tuning.Found found = run(new Machine(0, properties -> properties.containsKey("near") && properties.get("near")
                .equals("800") ? 110.0
                : properties.containsKey(Knob.KC) ? 90.0 : properties.containsKey("tile") ? 80.0 : 100.0));
        assertEquals(Map.of("near", "800"), found.properties());
        assertTrue(Tuning.text(found).contains("results keep their bits"), Tuning.text(found));
    }

    @Test
    void whatTheSearchFoundByChanceIsMeasuredAgainAndDropped() throws Exception {
        Tuning.Found found = run(new Machine(0.05, properties -> 100.0));
        assertFalse(found.tried().isEmpty(), "noise of the search looks like a gain");
        assertEquals(Map.of(), found.properties());
        assertTrue(Tuning.text(found).startsWith("Nothing is better than the default.\nThe best of the search, -D"),
                Tuning.text(found));
    }

    @Test
    void nothingIsMeasuredAgainWhenAllIsWorse() throws Exception {
        Machine machine = new Machine(0, properties -> properties.isEmpty() ? 100.0 : 50.0);
        assertEquals("Nothing is better than the default.\n", Tuning.text(run(machine)));
        // 5 candidates of two pairs each, and the refused one with its standard
        assertEquals(5 * 2 * 2 + 2, machine.asked.size());
    }

    @Test
    void theStandardIsMeasuredBesideEachCandidateFirstAndSecondInTurn() throws Exception {
        Machine machine = new Machine(0, properties -> properties.isEmpty() ? 100.0 : 50.0);
        run(machine);
        Map<String, String> candidate = Map.of("tile", "8x3");
        assertEquals(List.of(Map.of(), candidate, candidate, Map.of()), machine.asked.subList(0, 4));
    }

    @Test
    void knobsKnowTheirStandardValues() {
        List<Knob> knobs = Knob.all();
        assertEquals(List.of("tessella.gemm.tile", "tessella.gemm.kc", "tessella.gemm.tiles", "tessella.gemm.near"),
                knobs.stream().map(Knob::property).toList());
        assertEquals(Integer.toString(FloatGemm.KC), knobs.get(1).standard());
        assertTrue(knobs.getFirst().standard().startsWith(FloatGemm.MR + "x"));
        knobs.forEach(knob -> assertFalse(knob.values().contains(knob.standard())));
    }

    private static String error(String... args) throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertEquals(2, Tune.run(new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), args), Arrays.stream(args).collect(Collectors.joining(" ")));
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void wrongInputIsOneSentenceAndTwo() throws Exception {
        assertTrue(error("--knobs", "kc,nc").startsWith("tune: expected knobs among [tile, kc, tiles, near], found nc\nusage"));
        assertTrue(error("--mkn", "5x7").contains("197x768x3072"));
        for (String[] args : new String[][] {{"word"}, {"--rounds", "1"}, {"--seconds", "0"}, {"--threads", "0"}, {"--", "x"}}) {
            assertTrue(error(args).contains("usage"));
        }
    }
}

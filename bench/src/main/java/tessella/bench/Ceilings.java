package tessella.bench;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tessella.engine.Roofline;

/**
 * What the machine gave to so many threads.
 *
 * @param threads how many
 * @param flops float32 multiply-adds, in floating-point operations a second
 * @param levels of the memory
 * @param bandwidths bytes a second of each level: of reading or of copying, whichever was more
 */
record Ceilings(int threads, double flops, List<MemoryLevel> levels, double[] bandwidths) {
    /** Measures them, each for so many seconds. */
    static Ceilings measure(int threads, List<MemoryLevel> levels, double seconds) {
        double flops = Roofline.fma(threads, seconds);
        double[] bandwidths = levels.stream().mapToDouble(level -> Math.max(
                Roofline.read(threads, level.workingSet(threads), seconds),
                Roofline.copy(threads, level.workingSet(threads), seconds))).toArray();
        return new Ceilings(threads, flops, levels, bandwidths);
    }

    /** The medians of several measurements, at least one. */
    static Ceilings median(List<Ceilings> of) {
        double[] bandwidths = new double[of.getFirst().bandwidths.length];
        Arrays.setAll(bandwidths, i -> median(of, ceilings -> ceilings.bandwidths[i]));
        return new Ceilings(of.getFirst().threads, median(of, Ceilings::flops), of.getFirst().levels, bandwidths);
    }

    private static double median(List<Ceilings> of, ToDoubleFunction<Ceilings> value) {
        return median(of.stream().mapToDouble(value).toArray());
    }

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** The nearest level that holds so many bytes. */
    int level(double bytes) {
        for (int i = 0; i < levels.size(); i++) {
            if (levels.get(i).holds(bytes, threads)) {
                return i;
            }
        }
        return levels.size() - 1;
    }

    /** min(peak, intensity x bandwidth), in operations a second, of a type of so many bytes. */
    Bound bound(double intensity, int level, int elementBytes) {
        double peak = flops * Float.BYTES / elementBytes;
        double memory = intensity * bandwidths[level];
        return memory < peak ? new Bound(memory, levels.get(level).name()) : new Bound(peak, "FMA");
    }

    /**
     * A roof over one intensity.
     *
     * @param flops operations a second
     * @param by what binds: FMA, or a level of the memory
     */
    record Bound(double flops, String by) {}
}

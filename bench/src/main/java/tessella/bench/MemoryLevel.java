package tessella.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A level of the memory.
 *
 * @param name L1, L2, L3 or memory
 * @param capacity bytes that it holds, of one core if each has its own; the largest number for memory
 * @param ofCore whether each core has its own
 * @param workingSet bytes that are passed over to measure it, by each core or by all
 */
record MemoryLevel(String name, long capacity, boolean ofCore, long workingSet) {
    /** As much of a large last cache as a guest of a shared machine may hope to find. */
    private static final long LAST = 32L << 20;
    /** Memory is measured on no more than this. */
    private static final long MOST = 1L << 30;

    /**
     * The levels of this machine, by what Linux says of its first processor in a folder such as /sys/devices/system/cpu/cpu0/cache;
     * L1 of 32 KB, L2 of 1 MB and L3 of 32 MB where it says nothing.
     */
    static List<MemoryLevel> of(Path folder) {
        long[] sizes = {32L << 10, 1L << 20, 32L << 20};
        boolean[] shared = {false, false, true};
        if (Files.isDirectory(folder)) {
            try (Stream<Path> caches = Files.list(folder)) {
                for (Path cache : caches.filter(path -> Files.isReadable(path.resolve("size"))).toList()) {
                    int level = Integer.parseInt(read(cache, "level"));
                    if (level >= 1 && level <= 3 && !read(cache, "type").equals("Instruction")) {
                        sizes[level - 1] = bytes(read(cache, "size"));
                        shared[level - 1] = level == 3;
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        List<MemoryLevel> levels = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            levels.add(new MemoryLevel("L" + (i + 1), sizes[i], !shared[i], Math.min(sizes[i] / 2, LAST)));
        }
        levels.add(new MemoryLevel("memory", Long.MAX_VALUE, false, Math.min(4 * sizes[2], MOST)));
        return levels;
    }

    private static String read(Path cache, String name) throws IOException {
        return Files.readString(cache.resolve(name)).strip();
    }

    private static long bytes(String size) {
        String digits = size.replaceFirst("[KMG]$", "");
        return Long.parseLong(digits) << (size.endsWith("K") ? 10 : size.endsWith("M") ? 20 : size.endsWith("G") ? 30 : 0);
    }

    /** Whether so many bytes fit, when so many threads share them. */
    boolean holds(double bytes, int threads) {
        return bytes <= (ofCore ? (double) capacity * threads : capacity);
    }

    /** The working set of all threads together. */
    long workingSet(int threads) {
        return ofCore ? workingSet * threads : workingSet;
    }
}

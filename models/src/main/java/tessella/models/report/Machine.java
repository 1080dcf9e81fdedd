package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where a run was computed: what its speed depends on, and the vector width its last bits depend on.
 *
 * @param jdk        name, version and vendor of the Java machine
 * @param system     operating system and architecture
 * @param cpu        the name the processor gives itself
 * @param processors the processors that the container allows
 * @param vectorBits the width of the vectors computed with
 */
public record Machine(String jdk, String system, String cpu, int processors, int vectorBits) {
    /**
     * Describes this machine.
     *
     * @param vectorBits the width of the vectors computed with
     * @return the description
     */
    public static Machine detect(int vectorBits) {
        return new Machine(
                "%s %s (%s)".formatted(System.getProperty("java.vm.name"), System.getProperty("java.vm.version"),
                        System.getProperty("java.vendor")),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                processorName(), Runtime.getRuntime().availableProcessors(), vectorBits);
    }

    private static String processorName() {
        return fromCpuInfo(Path.of("/proc/cpuinfo"))
                .or(() -> SystemCommand.output(List.of("sysctl", "-n", "machdep.cpu.brand_string"), Path.of("")))
                .orElse("unknown");
    }

    /** The first line {@code model name : ...} of Linux; processors other than x86 have none. */
    static Optional<String> fromCpuInfo(Path file) {
        try (var lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst();
        } catch (IOException e) {
            return Optional.empty(); // not on Linux
        }
    }
}

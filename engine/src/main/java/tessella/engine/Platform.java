package tessella.engine;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What the JVM must offer, looked at once, before the first memory is taken. */
final class Platform {
    private static final String PROBLEM = problem();

    private Platform() {}

    /** Throws a sentence if kernels cannot run, or would run a thousand times slower, in this JVM. */
    static void require() {
        if (PROBLEM != null) {
            throw new IllegalStateException(PROBLEM);
        }
    }

    private static String problem() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return "tessella: the module jdk.incubator.vector is missing in this JVM; start it with --add-modules "
                    + "jdk.incubator.vector, or put the JAR on the module path";
        }
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        // a JVM without the option has no emulation to fear
        boolean emulated = vm != null && !useFma(vm);
        return emulated ? "tessella: this machine or JVM has no hardware FMA (UseFMA is off), and emulation is a thousand "
                + "times slower; run on a processor with FMA, and without -XX:-UseFMA" : null;
    }

    private static boolean useFma(HotSpotDiagnosticMXBean vm) {
        try {
            return Boolean.parseBoolean(vm.getVMOption("UseFMA").getValue());
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}

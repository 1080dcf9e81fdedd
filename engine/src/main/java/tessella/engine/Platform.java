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

    /** A whole number from 1 to most given as a system property; the standard value if there is none, or one refused. */
    static long setting(String name, long standard, long most) {
        return System.getProperty(name) == null || problem(name, most) != null ? standard
                : Long.parseLong(System.getProperty(name));
    }

    private static String problem(String name, long most) {
        String text = System.getProperty(name);
        try {
            if (text == null || Long.parseLong(text) >= 1 && Long.parseLong(text) <= most) {
                return null;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        return "tessella: expected -D" + name + " to be a whole number from 1 to " + most + ", found \"" + text
                + "\"; correct it, or leave it out";
    }

    private static String problem() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return "tessella: the module jdk.incubator.vector is missing in this JVM; start it with --add-modules "
                    + "jdk.incubator.vector, or put the JAR on the module path";
        }
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        // a JVM without the option has no emulation to fear
        boolean emulated = vm != null && !useFma(vm);
        if (emulated) {
            return "tessella: this machine or JVM has no hardware FMA (UseFMA is off), and emulation is a thousand "
                    + "times slower; run on a processor with FMA, and without -XX:-UseFMA";
        }
        String threads = problem(Workers.THREADS, Workers.MOST);
        return threads != null ? threads : problem(Memory.BUDGET, Long.MAX_VALUE);
    }

    private static boolean useFma(HotSpotDiagnosticMXBean vm) {
        try {
            return Boolean.parseBoolean(vm.getVMOption("UseFMA").getValue());
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}

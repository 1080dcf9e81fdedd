import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * Runs test classes up to the first failure, for Mutation.java: ends with 0 if all are green, with 3 at the first red one,
 * whose name is the last line on standard error, and with 2 if there is no test.
 */
final class FirstFailure {
    public static void main(String[] classes) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(classes).map(name -> selectClass(name)).toList())
                // neither a shorter example nor a seed for the next run is wanted
                .configurationParameter("jqwik.shrinking.default", "OFF")
                .configurationParameter("jqwik.database", "").build();
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, summary, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                    result.getThrowable().ifPresent(Throwable::printStackTrace);
                    System.err.println(test.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast)
                            .map(m -> m.getClassName().replaceAll(".*\\.", "") + "." + m.getMethodName())
                            .orElse(test.getDisplayName()));
                    System.err.flush();
                    Runtime.getRuntime().halt(3);
                }
            }
        });
        System.exit(summary.getSummary().getTestsSucceededCount() > 0 ? 0 : 2);
    }
}

package tessella.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The golden cases beside this test pass on vectors of every width. */
@Tag("widths")
final class GoldenWidthsTest {
    @Test
    void everyCheckedInCasePasses() throws IOException {
        GoldenReport report = GoldenReport.of(GoldenReport.RESOURCES.resolve("cases"));
        assertEquals(List.of(), report.failures());
    }
}

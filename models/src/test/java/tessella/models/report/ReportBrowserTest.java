package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.json.Json;

/** Opens the report in a real browser, if there is a Chromium on the path. */
class ReportBrowserTest {
    private static final Pattern ANSWER = Pattern.compile("<pre id=\"answer\">([^<]*)</pre>");

    @TempDir
    private Path folder;
    private Path browser;

    private record Page(String dom, String log) {
    }

    @BeforeEach
    void findTheBrowser() {
        Optional<Path> found = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(place -> List.of("chromium", "chromium-browser", "google-chrome").stream()
                        .map(name -> Path.of(place, name)))
                .filter(Files::isExecutable).findFirst();
        assumeTrue(found.isPresent(), "no Chromium on the path");
        browser = found.get();
    }

    @Test
    void opensFromAFileWithoutAnyComplaint() throws Exception {
        Path file = folder.resolve("report.html");
        Example.report().write(file);
        Page page = open(file);
        for (String section : List.of("curves", "confusion", "samples", "routing", "card")) {
            assertTrue(page.dom().contains("<section id=\"" + section + "\">"), section);
        }
        assertFalse(page.log().contains("CONSOLE"), page.log());
    }

    @Test
    void aComparisonFitsAndDrawsItsIntervals() throws Exception {
        fits(ComparisonTest.three().html());
    }

    @Test
    void fitsTheWidthOfAnyReader() throws Exception {
        fits(Example.report().html());
    }

    @Test
    void aResultOfSeveralClassesFitsToo() throws Exception {
        fits(Example.severalClasses().html());
    }

    @Test
    void theReportOfAProbeFitsAndDrawsItsPictures() throws Exception {
        fits(Example.probe().html());
        Path file = folder.resolve("report.html");
        Example.probe().write(file);
        Page page = open(file);
        for (String section : List.of("numbers", "neighbours", "card")) {
            assertTrue(page.dom().contains("<section id=\"" + section + "\">"), section);
        }
        assertFalse(page.log().contains("CONSOLE"), page.log());
    }

    private void fits(String html) throws Exception {
        List<Integer> widths = List.of(320, 400, 800, 1600);
        Path file = folder.resolve("frames.html");
        Files.writeString(file, frames(html, widths), StandardCharsets.UTF_8);
        Page page = open(file);
        assertFalse(page.log().contains("CONSOLE"), page.log());
        Matcher matcher = ANSWER.matcher(page.dom());
        assertTrue(matcher.find(), "the page did not load: " + page.log());
        List<Object> answers = Json.array(Json.parse(matcher.group(1)), "answers");
        assertEquals(widths.size(), answers.size());
        for (int i = 0; i < widths.size(); i++) {
            Map<String, Object> answer = Json.object(answers.get(i), "answer");
            long width = widths.get(i);
            String at = " at a width of " + width;
            assertEquals(width, answer.get("inner"), "the frame has the width asked for");
            assertEquals(width, answer.get("scroll"), "the page is no wider than the window" + at);
            assertEquals(0L, answer.get("wide"), "parts that leave the page and do not scroll by themselves" + at);
            assertEquals(0L, answer.get("broken"), "pictures that are not decoded" + at);
            assertEquals(0L, answer.get("flat"), "charts without a height" + at);
            assertEquals(List.of(), answer.get("cut"), "texts of charts that leave their frame" + at);
            assertTrue(Json.integer(answer.get("least"), "least") >= 12, "text of " + answer.get("least") + at);
        }
    }

    /** A page that holds the report at given widths, measures them from outside, and writes what it found. */
    private static String frames(String report, List<Integer> widths) {
        String script = """
                window.addEventListener('load', () => {
                  const measure = frame => {
                    const page = frame.contentDocument;
                    const edge = page.documentElement.clientWidth + 0.5;
                    const html = [...page.body.querySelectorAll('*')].filter(element => !element.closest('svg'));
                    const free = html.filter(element => !element.parentElement.closest('.scroll'));
                    const texts = html.filter(element => !element.closest('details:not([open]) > div')
                        && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== ''));
                    return {
                      inner: frame.contentWindow.innerWidth,
                      scroll: page.documentElement.scrollWidth,
                      wide: free.filter(element => element.getBoundingClientRect().right > edge).length,
                      broken: [...page.images].filter(image => image.naturalWidth === 0).length,
                      flat: [...page.querySelectorAll('.chart')]
                          .filter(chart => chart.getBoundingClientRect().height < 80).length,
                      cut: [...page.querySelectorAll('.chart text')].filter(text => {
                        const box = text.getBBox();
                        const frame = text.ownerSVGElement.viewBox.baseVal;
                        return box.x < 0 || box.y < 0 || box.x + box.width > frame.width
                            || box.y + box.height > frame.height;
                      }).map(text => text.textContent),
                      least: Math.floor(Math.min(...texts.map(
                          element => parseFloat(frame.contentWindow.getComputedStyle(element).fontSize)))),
                    };
                  };
                  document.querySelector('pre').textContent =
                      JSON.stringify([...document.querySelectorAll('iframe')].map(measure));
                });
                """;
        Markup frames = new Markup();
        for (int width : widths) {
            frames.element("iframe", "", "style", "border:0;height:900px;width:" + width + "px", "srcdoc", report);
        }
        return "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>frames</title></head><body>"
                + frames.finish() + "<pre id=\"answer\"></pre><script>" + script + "</script></body></html>";
    }

    private Page open(Path file) throws IOException, InterruptedException {
        Path dom = folder.resolve("dom.txt");
        Path log = folder.resolve("log.txt");
        List<String> command = new ArrayList<>(List.of(browser.toString(), "--headless", "--no-sandbox",
                "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=20000",
                "--user-data-dir=" + folder.resolve("profile"), "--dump-dom", file.toUri().toString()));
        Process process = new ProcessBuilder(command).redirectOutput(dom.toFile()).redirectError(log.toFile()).start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertTrue(ended, "the browser did not end");
        return new Page(Files.readString(dom), Files.readString(log));
    }
}

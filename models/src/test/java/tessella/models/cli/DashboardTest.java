package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page that follows a run: what it serves, to whom, and what a browser makes of it. */
class DashboardTest {
    private static final String STEP = """
            {"kind":"step","step":1,"epoch":1,"loss":2.3,"learning_rate":0.1,"gradient_norm":1.0}
            {"kind":"step","step":40,"epoch":2,"loss":1.25,"learning_rate":0.1,"gradient_norm":1.0}
            """;
    private static final String EPOCH = """
            {"kind":"epoch","step":20,"epoch":1,"train_loss":2.0,"train_accuracy":0.5,"validation_loss":1.9,"validation_accuracy":0.625}
            """;

    @TempDir
    private Path folder;
    private Path metrics;

    @BeforeEach
    void write() throws IOException {
        metrics = folder.resolve("metrics.jsonl");
        Files.writeString(metrics, STEP + EPOCH + "{\"kind\":\"st");
    }

    private static HttpResponse<String> get(HttpClient client, String address) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void servesThePageAndAllWholeLinesOfTheMetrics() throws Exception {
        try (Dashboard dashboard = new Dashboard(metrics, "soft-moe <tiny> & co", 0); HttpClient client = HttpClient.newHttpClient()) {
            assertTrue(dashboard.address().startsWith("http://127.0.0.1:"));
            HttpResponse<String> page = get(client, dashboard.address());
            assertEquals(200, page.statusCode());
            assertTrue(page.body().contains("<h1>soft-moe &lt;tiny> &amp; co</h1>"));
            assertTrue(page.headers().firstValue("Content-Security-Policy").orElseThrow().startsWith("default-src 'none'"));
            assertEquals(STEP + EPOCH, get(client, dashboard.address() + "metrics.jsonl").body());
            Files.writeString(metrics, "ep\"}\n", StandardOpenOption.APPEND);
            assertTrue(get(client, dashboard.address() + "metrics.jsonl").body().endsWith("{\"kind\":\"step\"}\n"));
            assertEquals(404, get(client, dashboard.address() + "other").statusCode());
        }
    }

    @Test
    void answersOnlyRequestsThatNameThisMachine() throws Exception {
        try (Dashboard dashboard = new Dashboard(metrics, "run", 0)) {
            int port = URI.create(dashboard.address()).getPort();
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write("GET /metrics.jsonl HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(answer.startsWith("HTTP/1.1 403"), answer);
                assertFalse(answer.contains("kind"), answer);
            }
            String message = assertThrows(IOException.class, () -> new Dashboard(metrics, "run", port)).getMessage();
            assertTrue(message.contains("port " + port) && message.contains("name another"), message);
        }
    }

    @Test
    void aBrowserDrawsTheRun() throws Exception {
        Optional<Path> browser = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(place -> List.of("chromium", "chromium-browser", "google-chrome").stream().map(name -> Path.of(place, name)))
                .filter(Files::isExecutable).findFirst();
        assumeTrue(browser.isPresent(), "no Chromium on the path");
        try (Dashboard dashboard = new Dashboard(metrics, "run", 0)) {
            Path dom = folder.resolve("dom.txt");
            Path log = folder.resolve("log.txt");
            Process process = new ProcessBuilder(browser.get().toString(), "--headless", "--no-sandbox", "--disable-gpu",
                    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--enable-logging=stderr", "--virtual-time-budget=4000",
                    "--user-data-dir=" + folder.resolve("profile"), "--dump-dom", dashboard.address())
                    .redirectOutput(dom.toFile()).redirectError(log.toFile()).start();
            boolean ended = process.waitFor(2, TimeUnit.MINUTES);
            process.destroyForcibly();
            assertTrue(ended, "the browser did not end");
            String page = Files.readString(dom);
            assertTrue(page.contains("<dd id=\"step\">40</dd>"), page);
            assertTrue(page.contains("<dd id=\"loss\">1.2500</dd>"), page);
            assertTrue(page.contains("<dd id=\"validation\">0.6250</dd>"), page);
            assertTrue(page.contains("<polyline class=\"loss\" points=\"60,20 790,210\">"), page);
            assertFalse(Files.readString(log).contains("CONSOLE"), Files.readString(log));
        }
    }
}

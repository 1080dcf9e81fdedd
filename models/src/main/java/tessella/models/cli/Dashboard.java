package tessella.models.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A page that follows the metrics of a run while it goes on, for browsers on this machine alone: the server listens on the
 * loopback address, and answers only requests that name it, so that a page from elsewhere cannot read it under another name.
 */
final class Dashboard implements AutoCloseable {
    /** The module of the server, which the JAR does not ask for. */
    static final String MODULE = "jdk.httpserver";
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
            + "connect-src 'self'";

    private final Path metrics;
    private final String page;
    private final HttpServer server;

    /**
     * Starts to serve.
     *
     * @param metrics the file of the run, one JSON object a line
     * @param title what is trained
     * @param port 0 for any free one
     * @throws IOException if the port is taken
     */
    Dashboard(Path metrics, String title, int port) throws IOException {
        this.metrics = metrics;
        this.page = PAGE.replace("TITLE", title.replace("&", "&amp;").replace("<", "&lt;"));
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (IOException e) {
            throw new IOException("dashboard: port " + port + " cannot be used (" + e.getMessage() + "); name another, or 0", e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            int port = server.getAddress().getPort();
            String host = exchange.getRequestHeaders().getFirst("Host");
            if (!List.of("127.0.0.1:" + port, "localhost:" + port).contains(String.valueOf(host))) {
                send(exchange, 403, "text/plain", "expected a request to " + address());
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/" -> send(exchange, 200, "text/html", page);
                case "/metrics.jsonl" -> send(exchange, 200, "application/jsonl", whole(Files.readString(metrics)));
                default -> send(exchange, 404, "text/plain", "expected / or /metrics.jsonl");
            }
        }
    }

    /** Up to the last line that has been written to its end. */
    private static String whole(String lines) {
        return lines.substring(0, lines.lastIndexOf('\n') + 1);
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.getResponseHeaders().set("Content-Security-Policy", POLICY);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private static final String PAGE = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
            body { margin: 1.5rem auto; max-width: 60rem; padding: 0 1rem; }
            h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
            dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; }
            dt { font-size: .8rem; opacity: .7; } dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
            svg { display: block; width: 100%; height: auto; }
            .loss { stroke: #b4552d; } .train { stroke: #8a8a8a; } .valid { stroke: #2d6fb4; }
            polyline { fill: none; stroke-width: 2; } line { stroke: currentColor; opacity: .2; } text { fill: currentColor; font-size: 13px; }
            #state { opacity: .7; }
            </style></head><body>
            <h1>TITLE</h1>
            <dl>
            <div><dt>step</dt><dd id="step">-</dd></div><div><dt>epoch</dt><dd id="epoch">-</dd></div>
            <div><dt>loss</dt><dd id="loss">-</dd></div><div><dt>validation accuracy</dt><dd id="validation">-</dd></div>
            </dl>
            <h2>Loss by step</h2><svg id="losses" viewBox="0 0 800 240" role="img" aria-label="loss by step"></svg>
            <h2>Accuracy by epoch: training (grey), validation (blue)</h2>
            <svg id="accuracies" viewBox="0 0 800 240" role="img" aria-label="accuracy by epoch"></svg>
            <p id="state">waiting for the first step</p>
            <script>
            const number = (x, places) => x === undefined ? '-' : x.toFixed(places);
            function chart(id, lines, places) {
              const points = lines.flatMap(line => line.points);
              if (points.length === 0) return;
              const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
              const low = Math.min(...ys), high = Math.max(...ys), first = Math.min(...xs), last = Math.max(...xs);
              const x = v => 60 + 730 * (v - first) / Math.max(1e-9, last - first);
              const y = v => 210 - 190 * (v - low) / Math.max(1e-9, high - low);
              let out = '';
              for (const v of [low, (low + high) / 2, high]) {
                out += `<line x1="60" x2="790" y1="${y(v)}" y2="${y(v)}"/><text x="52" y="${y(v) + 4}" text-anchor="end">${number(v, places)}</text>`;
              }
              out += `<text x="60" y="234">${first}</text><text x="790" y="234" text-anchor="end">${last}</text>`;
              for (const line of lines) {
                out += `<polyline class="${line.style}" points="${line.points.map(p => x(p[0]) + ',' + y(p[1])).join(' ')}"/>`;
              }
              document.getElementById(id).innerHTML = out;
            }
            async function follow() {
              const state = document.getElementById('state');
              try {
                const text = await (await fetch('metrics.jsonl')).text();
                const rows = text.split('\\n').filter(line => line !== '').map(line => JSON.parse(line));
                const steps = rows.filter(row => row.kind === 'step'), epochs = rows.filter(row => row.kind === 'epoch');
                const step = steps[steps.length - 1], epoch = epochs[epochs.length - 1];
                if (step !== undefined) {
                  document.getElementById('step').textContent = step.step;
                  document.getElementById('epoch').textContent = step.epoch;
                  document.getElementById('loss').textContent = number(step.loss, 4);
                  state.textContent = 'follows the run, once a second';
                }
                if (epoch !== undefined) {
                  document.getElementById('validation').textContent = number(epoch.validation_accuracy, 4);
                }
                chart('losses', [{style: 'loss', points: steps.map(row => [row.step, row.loss])}], 2);
                chart('accuracies', [{style: 'train', points: epochs.map(row => [row.epoch, row.train_accuracy])},
                    {style: 'valid', points: epochs.map(row => [row.epoch, row.validation_accuracy])}], 3);
              } catch (error) {
                state.textContent = 'the run has ended, or this machine is busy';
              }
              setTimeout(follow, 1000);
            }
            follow();
            </script></body></html>
            """;
}

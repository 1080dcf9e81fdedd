package tessella.tests.embedding;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tessella.autodiff.Softmax;
import tessella.engine.Scope;
import tessella.engine.WarmUp;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;
import tessella.models.train.Checkpoint;

/**
 * A web service around a checkpoint, as docs/embedding.md explains it: one virtual thread a request, and one thread that
 * computes, which takes the requests that wait and runs them as one batch.
 *
 * <pre>
 *   POST /classify     a PNG or JPEG as body; answers "class probability", one class a line, the most probable first
 * </pre>
 */
public final class ClassifierService implements AutoCloseable {
    /** How long the first request of a batch waits for others. */
    private static final long GATHER_MILLIS = 2;
    private static final int LARGEST_BATCH = 16;
    private static final int LARGEST_BODY = 1 << 22;

    private record Request(Picture picture, CompletableFuture<float[]> answer) {}

    private final Checkpoint checkpoint;
    private final BlockingQueue<Request> waiting = new LinkedBlockingQueue<>(256);
    private final Thread computing = Thread.ofPlatform().daemon().name("classifier").unstarted(this::compute);
    private final HttpServer server;
    private final WarmUp warmUp;
    private volatile int largest;

    /** Starts to serve a checkpoint on a port of this machine alone, any free one if it is 0. */
    public ClassifierService(Path file, int port) throws IOException {
        checkpoint = Checkpoint.load(file);
        checkpoint.model().pack();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/classify", this::classify);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        computing.start();
        warmUp = checkpoint.model().warmUp(1);
        server.start();
    }

    /** Where it listens. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** The most requests that were answered at once. */
    public int largestBatch() {
        return largest;
    }

    private void classify(HttpExchange exchange) throws IOException {
        int status = 200;
        String text;
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
            if (body.length > LARGEST_BODY) {
                status = 413;
                text = "expected a picture of at most " + LARGEST_BODY + " bytes";
            } else {
                try {
                    Request request = new Request(PictureReader.read(body), new CompletableFuture<>());
                    if (waiting.offer(request)) {
                        text = answer(request.answer.get(60, TimeUnit.SECONDS));
                    } else {
                        status = 503;
                        text = "too many requests wait; try again";
                    }
                } catch (IOException e) {
                    status = 400;
                    text = e.getMessage();
                } catch (Exception e) {
                    status = 500;
                    text = e.toString();
                }
            }
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private String answer(float[] probabilities) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < probabilities.length; i++) {
            order.add(i);
        }
        order.sort((i, j) -> Float.compare(probabilities[j], probabilities[i]));
        StringBuilder out = new StringBuilder();
        for (int i : order) {
            out.append(checkpoint.classNames().get(i)).append('\t')
                    .append(String.format(Locale.ROOT, "%.6f", probabilities[i])).append('\n');
        }
        return out.toString();
    }

    private void compute() {
        try {
            while (true) {
                List<Request> batch = new ArrayList<>(List.of(waiting.take()));
                long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GATHER_MILLIS);
                Request next;
                while (batch.size() < LARGEST_BATCH
                        && (next = waiting.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS)) != null) {
                    batch.add(next);
                }
                largest = Math.max(largest, batch.size());
                answer(batch);
            }
        } catch (InterruptedException e) {
            waiting.forEach(request -> request.answer.cancel(false));
        }
    }

    private void answer(List<Request> batch) {
        try (Scope scope = Scope.open()) {                                             // what this batch takes
            float[] p = Softmax.softmax(checkpoint.model().logits(
                    checkpoint.batch(scope, batch.stream().map(Request::picture).toList())), 1).toFloats();
            int classes = p.length / batch.size();
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).answer.complete(Arrays.copyOfRange(p, i * classes, (i + 1) * classes));
            }
        } catch (RuntimeException e) {
            batch.forEach(request -> request.answer.completeExceptionally(e));
        }                                                                              // all of it is returned here
    }

    /** Stops to listen, and returns the model's memory. */
    @Override
    public void close() throws IOException {
        server.stop(0);
        computing.interrupt();
        try {
            computing.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        warmUp.close();
        checkpoint.close();
    }

    /** {@code java ... ClassifierService checkpoint.safetensors [port]}. */
    public static void main(String[] arguments) throws IOException {
        int port = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8080;
        ClassifierService service = new ClassifierService(Path.of(arguments[0]), port);
        System.out.println("http://127.0.0.1:" + service.port() + "/classify");
    }
}

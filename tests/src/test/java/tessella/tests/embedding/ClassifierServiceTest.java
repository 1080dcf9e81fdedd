package tessella.tests.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;
import tessella.models.data.Preprocessing;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** The service of docs/embedding.md under many requests at once: right answers, batches, and no memory left. */
class ClassifierServiceTest {
    private static final int REQUESTS = 64;

    private static BufferedImage image(int seed) {
        BufferedImage image = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < 28; y++) {
            for (int x = 0; x < 28; x++) {
                image.getRaster().setSample(x, y, 0, (x * (seed + 3) + y * 7 * seed) % 256);
            }
        }
        return image;
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static Path checkpoint(Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        VitConfig config = VitConfig.preset("soft-moe-tiny");
        VisionTransformer model = VisionTransformer.initialized(config, DType.F32, 1);
        // an untrained classifier is zero: give it something to say
        double[] head = new double[(int) model.parameters().get("head.kernel").shape().size()];
        Arrays.setAll(head, i -> Math.sin(i));
        model.parameters().get("head.kernel").value().copyFrom(head);
        List<String> names = Arrays.stream("abcdefghij".split("")).toList();
        try (Checkpoint saved = new Checkpoint(model, new Preprocessing(28, 28, 1, List.of(0.3), List.of(0.3)), names,
                Map.of())) {
            saved.save(file);
        }
        return file;
    }

    @Test
    void manyRequestsAtOnceGetTheAnswersOfTheModel(@TempDir Path folder) throws Exception {
        Path file = checkpoint(folder);
        long[] nanos = new long[REQUESTS];
        List<Picture> pictures = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        try (ClassifierService service = new ClassifierService(file, 0); HttpClient client = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            URI address = URI.create("http://127.0.0.1:" + service.port() + "/classify");
            List<Callable<HttpResponse<String>>> calls = new ArrayList<>();
            for (int i = 0; i < REQUESTS; i++) {
                int at = i;
                BufferedImage image = image(i);
                pictures.add(PictureReader.of(image));
                HttpRequest request = HttpRequest.newBuilder(address).POST(HttpRequest.BodyPublishers.ofByteArray(png(image)))
                        .build();
                calls.add(() -> {
                    long start = System.nanoTime();
                    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                    nanos[at] = System.nanoTime() - start;
                    return response;
                });
            }
            for (Future<HttpResponse<String>> call : threads.invokeAll(calls)) {
                assertEquals(200, call.get().statusCode(), call.get().body());
                answers.add(call.get().body());
            }
            assertTrue(service.largestBatch() > 1, "no two requests met in a batch");
            HttpResponse<String> bad = client.send(HttpRequest.newBuilder(address)
                    .POST(HttpRequest.BodyPublishers.ofString("no picture")).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(400, bad.statusCode());
            assertTrue(bad.body().contains("expected"), bad.body());
        }
        assertEquals(0, Memory.inUse());
        Arrays.sort(nanos);
        System.out.printf("%d requests at once: p50 %.1f ms, p99 %.1f ms%n", REQUESTS, nanos[REQUESTS / 2] * 1e-6,
                nanos[REQUESTS * 99 / 100] * 1e-6);
        try (Checkpoint alone = Checkpoint.load(file)) {
            for (int i = 0; i < REQUESTS; i++) {
                try (Scope scope = Scope.open()) {
                    float[] logits = alone.model().logits(alone.batch(scope, List.of(pictures.get(i)))).toFloats();
                    int best = 0;
                    for (int c = 1; c < logits.length; c++) {
                        best = logits[c] > logits[best] ? c : best;
                    }
                    assertTrue(answers.get(i).startsWith(alone.classNames().get(best) + "\t"), answers.get(i));
                }
            }
        }
    }
}

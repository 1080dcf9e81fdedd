package tessella.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tessella.engine.Memory;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** ONNX Runtime, for models in inference, with all of its optimisations. */
final class OnnxPeer implements Peer {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);

    @Override
    public String name() {
        return "ONNX Runtime " + environment.getVersion();
    }

    @Override
    public Run prepare(Work work, int threads) {
        if (!(work instanceof Work.Forward forward) || !OnnxTransformer.covers(Models.config(forward.preset()))) {
            return null;
        }
        try {
            Path file = Files.createTempFile("tessella", ".onnx");
            try {
                write(forward, file);
                // what our parameters took is not the library's
                Memory.trim();
                return new ForwardRun(forward, session(file, threads));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (OrtException e) {
            throw failed(e);
        }
    }

    private static void write(Work.Forward work, Path file) throws IOException {
        try (VisionTransformer model = Models.model(work.preset())) {
            OnnxTransformer.logits(model.parameters(), model.config(), work.batch()).write(file);
        }
    }

    private OrtSession session(Path file, int threads) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.addConfigEntry("session.intra_op.allow_spinning", "1");
            return environment.createSession(file.toString(), options);
        }
    }

    private static IllegalStateException failed(OrtException e) {
        return new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
    }

    /** A loaded model with its images. */
    private final class ForwardRun implements Run {
        private final OrtSession session;
        private final Map<String, OnnxTensor> images;

        ForwardRun(Work.Forward work, OrtSession session) throws OrtException {
            this.session = session;
            VitConfig config = Models.config(work.preset());
            long[] dims = {work.batch(), config.height(), config.width(), config.channels()};
            float[] values = Data.normal("images", dims);
            // native memory, which the tensor uses as it is
            FloatBuffer memory = ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
            images = Map.of(OnnxTransformer.IMAGES, OnnxTensor.createTensor(environment, memory.put(values).flip(), dims));
        }

        @Override
        public void once() {
            try {
                session.run(images).close();
            } catch (OrtException e) {
                throw failed(e);
            }
        }

        @Override
        public float[] result() {
            try (OrtSession.Result result = session.run(images)) {
                FloatBuffer logits = ((OnnxTensor) result.get(0)).getFloatBuffer();
                float[] all = new float[logits.remaining()];
                logits.get(all);
                return all;
            } catch (OrtException e) {
                throw failed(e);
            }
        }

        @Override
        public void close() {
            images.values().forEach(OnnxTensor::close);
            try {
                session.close();
                Malloc.trim();
            } catch (OrtException e) {
                throw failed(e);
            }
        }
    }

    @Override
    public void close() {}
}

package tessella.models.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Determinism;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.io.Safetensors;
import tessella.engine.io.StoredTensor;
import tessella.engine.json.Json;
import tessella.models.data.Picture;
import tessella.models.data.Preprocessing;
import tessella.models.nn.Parameters;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/**
 * A trained classifier with what is needed to use it: a safetensors file whose metadata hold the configuration, the names of
 * the classes, the preprocessing, where it comes from, and the domain in which its bits can be repeated.
 *
 * @param model the model, which the checkpoint owns
 * @param preprocessing what happens to a picture before the model sees it
 * @param classNames one for each class
 * @param objective what the scores of the classes mean
 * @param origin facts about the training run, by name: data set, hash of the data, seed
 */
public record Checkpoint(VisionTransformer model, Preprocessing preprocessing, List<String> classNames, Objective objective,
        Map<String, String> origin) implements AutoCloseable {
    private static final String FORMAT = "tessella.format";
    private static final String CONFIG = "tessella.config";
    private static final String CLASSES = "tessella.classes";
    private static final String PREPROCESSING = "tessella.preprocessing";
    private static final String DOMAIN = "tessella.determinism";
    private static final String OBJECTIVE = "tessella.objective";
    private static final String ORIGIN = "tessella.origin.";

    /** Of a model that knows exactly one class a picture. */
    public Checkpoint(VisionTransformer model, Preprocessing preprocessing, List<String> classNames, Map<String, String> origin) {
        this(model, preprocessing, classNames, Objective.ONE_CLASS, origin);
    }

    /** Checks that names and sizes agree. */
    public Checkpoint {
        classNames = List.copyOf(classNames);
        origin = Map.copyOf(origin);
        VitConfig config = model.config();
        if (classNames.size() != config.classes()) {
            throw new IllegalArgumentException("checkpoint: expected " + config.classes() + " class names, found " + classNames);
        }
        if (preprocessing.height() != config.height() || preprocessing.width() != config.width()
                || preprocessing.channels() != config.channels()) {
            throw new IllegalArgumentException("checkpoint: expected a preprocessing to " + config.height() + " x "
                    + config.width() + " x " + config.channels() + ", found " + preprocessing);
        }
    }

    /**
     * Writes the checkpoint: whole, or not at all.
     *
     * @throws IOException if it cannot be written; what was at the path before is still there
     */
    public void save(Path path) throws IOException {
        write(path, value -> value);
    }

    /**
     * As {@link #save(Path)}, its parameters rounded to a type of storage: BF16 takes half the bytes, and is widened to float32
     * when it is loaded.
     */
    public void save(Path path, DType storage) throws IOException {
        try (Scope _ = Scope.open()) {
            write(path, value -> value.dtype() == storage ? value : value.to(storage));
        }
    }

    private void write(Path path, UnaryOperator<NdArray> stored) throws IOException {
        Map<String, NdArray> tensors = new LinkedHashMap<>();
        for (Parameter parameter : model.parameters().all()) {
            tensors.put(parameter.name(), stored.apply(parameter.value()));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FORMAT, "1");
        metadata.put(CONFIG, Json.write(model.config().toJson()));
        metadata.put(CLASSES, Json.write(classNames));
        metadata.put(PREPROCESSING, Json.write(preprocessing.toJson()));
        if (objective != Objective.ONE_CLASS) {
            metadata.put(OBJECTIVE, objective.name().toLowerCase(Locale.ROOT));
        }
        metadata.put(DOMAIN, Determinism.domain());
        origin.forEach((name, value) -> metadata.put(ORIGIN + name, value));
        Safetensors.write(path, tensors, metadata);
    }

    /**
     * Reads a checkpoint; the caller closes it. If it was written in another domain of determinism than this process has, a
     * line of {@link System.Logger} says so: what is computed from it here need not have the bits that it had there.
     *
     * @throws IOException if the file cannot be read, is no checkpoint, or its tensors do not fit its configuration; the
     *     message lists every missing, unexpected and mis-shaped tensor
     */
    public static Checkpoint load(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path)) {
            VitConfig config = config(path, file);
            List<String> classes = new ArrayList<>();
            Preprocessing preprocessing;
            Objective objective;
            try {
                for (Object name : Json.array(Json.parse(metadata(path, file, CLASSES)), CLASSES)) {
                    classes.add(Json.string(name, CLASSES));
                }
                preprocessing = Preprocessing.fromJson(Json.parse(metadata(path, file, PREPROCESSING)));
                objective = Objective.valueOf(file.metadata().getOrDefault(OBJECTIVE, Objective.ONE_CLASS.name())
                        .toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new IOException(path + ": " + e.getMessage(), e);
            }
            Map<String, String> origin = new LinkedHashMap<>();
            file.metadata().forEach((name, value) -> {
                if (name.startsWith(ORIGIN)) {
                    origin.put(name.substring(ORIGIN.length()), value);
                }
            });
            Map<String, Shape> found = new LinkedHashMap<>();
            for (StoredTensor tensor : file.tensors().values()) {
                found.put(tensor.name(), tensor.shape());
            }
            try {
                Parameters.checkNames(path.toString(), VisionTransformer.specs(config), found);
            } catch (IllegalArgumentException e) {
                throw new IOException(e.getMessage(), e);
            }
            sayIfOutside(path, file.metadata().get(DOMAIN));
            VisionTransformer model = VisionTransformer.empty(config, DType.F32);
            try {
                for (Parameter parameter : model.parameters().all()) {
                    file.loadInto(parameter.value(), parameter.name());
                }
                return new Checkpoint(model, preprocessing, classes, objective, origin);
            } catch (IllegalArgumentException e) {
                model.close();
                throw new IOException(path + ": " + e.getMessage(), e);
            } catch (IOException | RuntimeException e) {
                model.close();
                throw e;
            }
        }
    }

    private static void sayIfOutside(Path path, String domain) {
        if (!Determinism.domain().equals(domain)) {
            System.getLogger(Checkpoint.class.getName()).log(System.Logger.Level.WARNING, path + ": expected the domain of "
                    + "determinism \"" + Determinism.domain() + "\" of this process, found "
                    + (domain == null ? "none" : "\"" + domain + "\"")
                    + "; results are as good, but their last bits may differ from those of the run that wrote it");
        }
    }

    /**
     * Reads only the configuration of a checkpoint, no tensors.
     *
     * @throws IOException if the file cannot be read or is no checkpoint
     */
    public static VitConfig config(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path)) {
            return config(path, file);
        }
    }

    private static VitConfig config(Path path, Safetensors file) throws IOException {
        try {
            return VitConfig.fromJson(Json.parse(metadata(path, file, CONFIG)));
        } catch (IllegalArgumentException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
        }
    }

    private static String metadata(Path path, Safetensors file, String name) throws IOException {
        String value = file.metadata().get(name);
        if (value == null) {
            throw new IOException(path + ": expected a checkpoint of this library with " + name + " in its metadata, found "
                    + file.metadata().keySet() + "; train one with: tessella train");
        }
        return value;
    }

    /** Pictures of any size as the model's input [n, height, width, channels], in scope. */
    public Tensor batch(Scope scope, List<Picture> pictures) {
        VitConfig config = model.config();
        int size = config.height() * config.width() * config.channels();
        float[] values = new float[pictures.size() * size];
        for (int i = 0; i < pictures.size(); i++) {
            System.arraycopy(preprocessing.apply(pictures.get(i)), 0, values, i * size, size);
        }
        return Tensor.of(scope, Shape.of(pictures.size(), config.height(), config.width(), config.channels()), values);
    }

    /** Returns the model's memory. */
    @Override
    public void close() {
        model.close();
    }
}

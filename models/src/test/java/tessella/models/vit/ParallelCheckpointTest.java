package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.io.Safetensors;
import tessella.models.data.Preprocessing;
import tessella.models.nn.QkNorm;
import tessella.models.train.Checkpoint;

/** A checkpoint says which form its blocks have. */
class ParallelCheckpointTest {
    private static final VitConfig CONFIG = new VitConfig(8, 8, 1, 4, 8, 2, 12, 2, 3, Position.LEARNED, Head.MAP,
            QkNorm.LAYER_NORM, BlockForm.PARALLEL, -10, null);

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static float[] logits(VisionTransformer model) {
        try (Scope scope = Scope.open()) {
            Shape shape = Shape.of(2, 8, 8, 1);
            NdArray images = NdArray.empty(scope, DType.F32, shape);
            images.copyFrom(OracleParameters.normal(1, "images", shape));
            return model.logits(Tensor.of(images)).toFloats();
        }
    }

    @Test
    void aModelOfParallelBlocksComesBackAndIsNotTakenForOneOfSequentialOnes() throws IOException {
        Path file = folder.resolve("parallel.safetensors");
        VisionTransformer model = VisionTransformer.initialized(CONFIG, DType.F32, 1);
        OracleParameters.randomize(model.parameters(), 1);
        try (Checkpoint saved = new Checkpoint(model, Preprocessing.symmetric(8, 8, 1), List.of("a", "b", "c"), Map.of())) {
            saved.save(file);
            try (Checkpoint loaded = Checkpoint.load(file)) {
                assertEquals(CONFIG, loaded.model().config());
                assertArrayEquals(logits(model), logits(loaded.model()));
            }
        }
        Path other = folder.resolve("sequential.safetensors");
        try (Scope scope = Scope.open(); Safetensors stored = Safetensors.open(file)) {
            Map<String, String> metadata = new LinkedHashMap<>(stored.metadata());
            metadata.computeIfPresent("tessella.config", (_, json) -> json.replace(",\"form\":\"parallel\"", ""));
            Safetensors.write(other, stored.loadAll(scope), metadata);
        }
        assertEquals(BlockForm.SEQUENTIAL, Checkpoint.config(other).form());
        String message = assertThrows(IOException.class, () -> Checkpoint.load(other)).getMessage();
        assertTrue(message.contains("missing blocks.0.norm1.scale [8]") && message.contains("unexpected blocks.0.norm.scale [8]"),
                message);
    }
}

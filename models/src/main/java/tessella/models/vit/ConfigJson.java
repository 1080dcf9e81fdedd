package tessella.models.vit;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tessella.engine.json.Json;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.Mixing;
import tessella.models.softmoe.SoftMoeConfig;

/** A configuration as a JSON object, its fields those of the record. */
final class ConfigJson {
    private ConfigJson() {}

    static Map<String, Object> write(VitConfig config) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("height", (long) config.height());
        json.put("width", (long) config.width());
        json.put("channels", (long) config.channels());
        json.put("patch", (long) config.patch());
        json.put("dim", (long) config.dim());
        json.put("depth", (long) config.depth());
        json.put("mlp", (long) config.mlp());
        json.put("heads", (long) config.heads());
        json.put("classes", (long) config.classes());
        json.put("position", word(config.position()));
        json.put("head", word(config.head()));
        json.put("qk_norm", word(config.qkNorm()));
        json.put("head_bias", config.headBias());
        // only where it says something: checkpoints of sequential blocks are older than this field, and keep their bytes
        if (config.form() != BlockForm.SEQUENTIAL) {
            json.put("form", word(config.form()));
        }
        if (config.moe() != null) {
            Map<String, Object> moe = new LinkedHashMap<>();
            moe.put("experts", (long) config.moe().experts());
            moe.put("slots", (long) config.moe().slots());
            moe.put("layers", (long) config.moe().layers());
            moe.put("dispatch", word(config.moe().dispatch()));
            moe.put("combine", word(config.moe().combine()));
            json.put("moe", moe);
        }
        return json;
    }

    static VitConfig read(Object value) {
        Map<String, Object> json = Json.object(value, "configuration");
        SoftMoeConfig moe = null;
        if (json.containsKey("moe")) {
            Map<String, Object> fields = Json.object(json.get("moe"), "configuration moe");
            moe = new SoftMoeConfig(integer(fields, "experts"), integer(fields, "slots"), integer(fields, "layers"),
                    constant(fields, "dispatch", Mixing.class), constant(fields, "combine", Mixing.class));
        }
        return new VitConfig(integer(json, "height"), integer(json, "width"), integer(json, "channels"),
                integer(json, "patch"), integer(json, "dim"), integer(json, "depth"), integer(json, "mlp"),
                integer(json, "heads"), integer(json, "classes"), constant(json, "position", Position.class),
                constant(json, "head", Head.class), constant(json, "qk_norm", QkNorm.class),
                json.containsKey("form") ? constant(json, "form", BlockForm.class) : BlockForm.SEQUENTIAL,
                Json.number(field(json, "head_bias"), "configuration head_bias"), moe);
    }

    private static Object field(Map<String, Object> json, String name) {
        Object value = json.get(name);
        if (value == null) {
            throw new IllegalArgumentException("configuration: expected a field " + name + ", found " + json.keySet());
        }
        return value;
    }

    private static int integer(Map<String, Object> json, String name) {
        long value = Json.integer(field(json, name), "configuration " + name);
        if (value != (int) value) {
            throw new IllegalArgumentException("configuration " + name + ": expected a number below 2^31, found " + value);
        }
        return (int) value;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <E extends Enum<E>> E constant(Map<String, Object> json, String name, Class<E> type) {
        String text = Json.string(field(json, name), "configuration " + name);
        for (E constant : type.getEnumConstants()) {
            if (word(constant).equals(text)) {
                return constant;
            }
        }
        throw new IllegalArgumentException("configuration " + name + ": expected one of "
                + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT) + ", found \"" + text + "\"");
    }
}

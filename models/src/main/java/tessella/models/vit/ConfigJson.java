package tessella.models.vit;

import static tessella.models.vit.Fields.word;

import java.util.LinkedHashMap;
import java.util.Map;
import tessella.models.nn.QkNorm;

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
        // only where they say something: older checkpoints have no such fields, and keep their bytes
        if (config.form() != BlockForm.SEQUENTIAL) {
            json.put("form", word(config.form()));
        }
        if (config.representation() != 0) {
            json.put("representation", (long) config.representation());
        }
        if (config.moe() != null) {
            json.put("moe", MixtureJson.write(config.moe()));
        }
        return json;
    }

    static VitConfig read(Object value) {
        Fields json = Fields.of("configuration", value);
        return new VitConfig(json.integer("height"), json.integer("width"), json.integer("channels"),
                json.integer("patch"), json.integer("dim"), json.integer("depth"), json.integer("mlp"),
                json.integer("heads"), json.integer("classes"), json.constant("position", Position.class),
                json.constant("head", Head.class), json.constant("qk_norm", QkNorm.class),
                json.has("form") ? json.constant("form", BlockForm.class) : BlockForm.SEQUENTIAL,
                json.real("head_bias"), json.has("moe") ? MixtureJson.read(json.value("moe")) : null,
                json.has("representation") ? json.integer("representation") : 0);
    }
}

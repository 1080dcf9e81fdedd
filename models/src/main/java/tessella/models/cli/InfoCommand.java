package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VitConfig;

/**
 * {@code tessella info}: tells the configuration and the parameters of a model.
 *
 * @param model the name of a configuration, or a checkpoint file
 */
record InfoCommand(String model) implements Program.Action {
    /** What may follow {@code tessella info}. */
    static final Command COMMAND = new Command("info", "Tells the configuration and the parameters of a model.",
            new Command.Operands("<model or checkpoint>", 1, 1), List.of());

    static InfoCommand of(Arguments arguments) {
        return new InfoCommand(arguments.operands().getFirst());
    }

    @Override
    public void run(PrintStream out) throws IOException {
        Path file = CommonOptions.shipped(model).orElse(Path.of(model));
        boolean isFile = model.endsWith(".safetensors") || Files.isRegularFile(file);
        if (!isFile && !VitConfig.presets().contains(model)) {
            throw new UsageException("info: there is no model or file " + model
                    + Nearest.hint(model, VitConfig.presets(), "models are " + String.join(", ", VitConfig.presets())));
        }
        VitConfig config = isFile ? Checkpoint.config(file) : VitConfig.preset(model);
        out.println(model);
        row(out, "image", config.height() + " x " + config.width() + " x " + config.channels() + ", patch " + config.patch()
                + ", " + config.tokens() + " tokens");
        row(out, "blocks", config.depth() + " of width " + config.dim() + ", mlp " + config.mlp() + ", " + config.heads()
                + " heads");
        row(out, "head", config.head() + ", positions " + config.position() + ", qk-norm " + config.qkNorm());
        if (config.moe() != null) {
            row(out, config.moe() instanceof SoftMoeConfig ? "soft moe" : "sparse moe", config.moe().describe());
        }
        row(out, "classes", TrainingRun.group(config.classes()));
        row(out, "parameters", TrainingRun.group(config.parameterCount()));
        row(out, "forward", TrainingRun.gflop(config) + " GFLOP a picture (matrix products, two FLOP a multiply-add)");
    }

    private static void row(PrintStream out, String label, String value) {
        out.printf(Locale.ROOT, "  %-11s %s%n", label, value.toLowerCase(Locale.ROOT));
    }
}

package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import tessella.engine.DType;
import tessella.models.train.Checkpoint;

/**
 * {@code tessella export}: writes a checkpoint again, its parameters in a type of storage.
 *
 * @param checkpoint the file
 * @param file       the new file
 * @param storage    what its parameters are rounded to
 */
record ExportCommand(Path checkpoint, Path file, DType storage) implements Program.Action {
    private static final Option<String> STORAGE = Option.choice("storage", List.of("bf16", "f16", "f32"),
            "what parameters are rounded to").orElse("bf16");

    /** What may follow {@code tessella export}. */
    static final Command COMMAND = new Command("export", "Writes a checkpoint again in half the bytes.",
            new Command.Operands("<checkpoint> <new file>", 2, 2), List.of(STORAGE));

    static ExportCommand of(Arguments arguments) {
        return new ExportCommand(CommonOptions.checkpoint(arguments.operands().get(0)), Path.of(arguments.operands().get(1)),
                DType.valueOf(arguments.get(STORAGE).toUpperCase(Locale.ROOT)));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        try (Checkpoint loaded = Checkpoint.load(checkpoint)) {
            loaded.save(file, storage);
        }
        out.println("wrote " + file + ", " + TrainingRun.group(Files.size(file)) + " bytes");
    }
}

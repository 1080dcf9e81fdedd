package tessella.bench.peers;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript module, written as the archive that torch.jit.save writes: its tensors, and a program of aten operators over them
 * (the formats are those of libtorch 2.7: torch/csrc/jit/serialization). Methods:
 *
 * <ul>
 * <li>{@code forward} runs the program;
 * <li>{@code results} runs it and returns what was asked for;
 * <li>{@code begin} runs the preparation, once, and returns the argument.
 * </ul>
 *
 * <p>Tensors stay in the module, but for one that the program may take as its argument: what is no argument may count as a constant.
 * A program that is recorded always takes one, and returns it, because ai.djl records nothing without; what it computed is released
 * before forward returns.
 */
final class TorchScript {
    /** How libtorch runs a program. */
    enum Execution {
        /** Without anything for a gradient, as under torch.inference_mode(). */
        INFERENCE,
        /** With autograd, for torch.grad. */
        RECORDED
    }

    private static final String ROOT = "tessella/";
    private static final String MODULE = "Work";
    private static final String FORMAT = "10\n";
    private static final String HELD = "held";
    private static final String ARGUMENT = "argument";

    private final Execution execution;
    private final List<Attribute> attributes = new ArrayList<>();
    private final List<String> lists = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final List<String> preparation = new ArrayList<>();
    private List<String> results = List.of();
    private String argument;
    private int variables;

    /** A tensor of the module. */
    private record Attribute(String name, String storage, long count, Values values, long[] sizes, long[] strides, boolean learned) {}

    TorchScript(Execution execution) {
        this.execution = execution;
        if (execution == Execution.RECORDED) {
            lists.add(HELD);
        }
    }

    Execution execution() {
        return execution;
    }

    /** Adds a float32 tensor, row-major; the expression that reads it. */
    String tensor(String name, Values values, long... sizes) {
        return tensor(name, values, sizes, rowMajor(sizes));
    }

    String tensor(String name, float[] values, long... sizes) {
        return tensor(name, Values.of(values), sizes);
    }

    /** Adds a float32 tensor that the program takes as its argument; the expression that reads it. */
    String argument(String name, float[] values, long... sizes) {
        argument = tensor(name, values, sizes);
        return ARGUMENT;
    }

    /** Whether the program takes an argument. */
    boolean hasArgument() {
        return argument != null;
    }

    /** Adds a float32 tensor of these strides, in elements. */
    String tensor(String name, Values values, long[] sizes, long[] strides) {
        return add(new Attribute(name, "FloatStorage", values.bytes() / Float.BYTES, values, sizes, strides, false));
    }

    /** Adds a float32 tensor whose gradient is asked for, if the program is recorded. */
    String learned(String name, Values values, long[] sizes, long[] strides) {
        return add(new Attribute(name, "FloatStorage", values.bytes() / Float.BYTES, values, sizes, strides,
                execution == Execution.RECORDED));
    }

    String learned(String name, Values values, long... sizes) {
        return learned(name, values, sizes, rowMajor(sizes));
    }

    /** Adds a tensor that the preparation replaces by the value of an expression. */
    String prepared(String name, String expression) {
        String attribute = tensor(name, new float[1], 1);
        preparation.add(attribute + " = " + expression);
        return attribute;
    }

    /**
     * Adds a list of tensors that the preparation makes; the expression that reads it. An operator that writes to tensors of a list
     * needs such a one: with a list that is made on the spot it is left out as unused.
     */
    String list(String name, List<String> tensors) {
        lists.add(name);
        preparation.add("self." + name + " = [" + String.join(", ", tensors) + "]");
        return "self." + name;
    }

    /** Adds a row of integers of 64 bits. */
    String integers(String name, long... values) {
        return add(new Attribute(name, "LongStorage", values.length, Values.of(values), new long[] {values.length}, new long[] {1},
                false));
    }

    private String add(Attribute attribute) {
        attributes.add(attribute);
        return "self." + attribute.name();
    }

    /** How a direction is run. */
    static Execution execution(Direction direction) {
        return direction == Direction.FORWARD ? Execution.INFERENCE : Execution.RECORDED;
    }

    static long[] rowMajor(long... sizes) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= sizes[i];
        }
        return strides;
    }

    /** Adds a statement. */
    void line(String statement) {
        lines.add(statement);
    }

    /** Adds a statement that gives a new variable the value of an expression; its name. */
    String let(String expression) {
        String variable = "v" + variables++;
        line(variable + " = " + expression);
        return variable;
    }

    /** What the program computes: expressions of tensors, the first of which forward returns without a gradient. */
    void results(List<String> expressions) {
        results = List.copyOf(expressions);
    }

    void results(String... expressions) {
        results(List.of(expressions));
    }

    /**
     * Adds the gradient of a scalar, or of a tensor whose cotangent is given; names of the gradients, in the order of the
     * parameters.
     *
     * @param cotangent expression of the cotangent of y, or null for a scalar
     */
    List<String> gradients(String y, String cotangent, List<String> parameters) {
        String gradients = let("torch.grad([" + y + "], [" + String.join(", ", parameters) + "]"
                + (cotangent == null ? ")" : ", annotate(List[Optional[Tensor]], [" + cotangent + "]))"));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            names.add(let("unchecked_cast(Tensor, " + gradients + "[" + i + "])"));
        }
        return names;
    }

    String source() {
        StringBuilder source = new StringBuilder("class " + MODULE + "(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                + "  training : bool\n");
        attributes.forEach(attribute -> source.append("  ").append(attribute.name()).append(" : Tensor\n"));
        lists.forEach(list -> source.append("  ").append(list).append(" : List[Tensor]\n"));
        String self = "(self: __torch__." + MODULE;
        String taking = self + (hasArgument() || execution == Execution.RECORDED ? ", " + ARGUMENT + ": Tensor) -> " : ") -> ");
        String all = "[" + String.join(", ", results) + "]";
        if (execution == Execution.INFERENCE) {
            method(source, "forward" + taking + "Tensor", lines, "return " + results.getFirst());
        } else {
            // kept for a moment, so that nothing is left out as unused
            method(source, "forward" + taking + "Tensor", lines, "self." + HELD + " = " + all,
                    "self." + HELD + " = annotate(List[Tensor], [])", "return " + ARGUMENT);
        }
        method(source, "results" + taking + "List[Tensor]", lines, "return " + all);
        method(source, "begin" + self + (execution == Execution.RECORDED ? ", nothing: Tensor" : "") + ") -> Tensor", preparation,
                "return " + (hasArgument() ? argument : "torch.zeros([])"));
        return source.toString();
    }

    private static void method(StringBuilder source, String signature, List<String> body, String... end) {
        source.append("  def ").append(signature).append(":\n");
        body.forEach(line -> source.append("    ").append(line).append('\n'));
        for (String line : end) {
            source.append("    ").append(line).append('\n');
        }
    }

    private byte[] state() {
        Pickle pickle = new Pickle().global("__torch__", MODULE).emptyTuple().newObject().emptyDict().mark();
        pickle.value("training").value(false);
        for (int i = 0; i < attributes.size(); i++) {
            Attribute attribute = attributes.get(i);
            pickle.value(attribute.name()).global("torch._utils", "_rebuild_tensor_v2").mark();
            pickle.mark().value("storage").global("torch", attribute.storage()).value(Integer.toString(i)).value("cpu")
                    .value(attribute.count()).tuple().persistentId();
            pickle.value(0).tuple(attribute.sizes()).tuple(attribute.strides()).value(attribute.learned());
            pickle.global("collections", "OrderedDict").emptyTuple().reduce().tuple().reduce();
        }
        for (String list : lists) {
            pickle.value(list).global("torch.jit._pickle", "build_tensorlist").mark().emptyList().tuple().reduce();
        }
        return pickle.setItems().build().end();
    }

    /** Writes the archive. */
    void write(Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), Values.PIECE);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            entry(zip, "data.pkl", Values.of(state()));
            entry(zip, "byteorder", text("little"));
            entry(zip, "version", text(FORMAT));
            entry(zip, "constants.pkl", Values.of(new Pickle().emptyTuple().end()));
            entry(zip, "code/__torch__.py", text(source()));
            for (int i = 0; i < attributes.size(); i++) {
                entry(zip, "data/" + i, attributes.get(i).values());
            }
        }
    }

    private static Values text(String text) {
        return Values.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void entry(ZipOutputStream zip, String name, Values values) throws IOException {
        CRC32 sum = new CRC32();
        values.write(sum::update);
        ZipEntry entry = new ZipEntry(ROOT + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(values.bytes());
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        byte[] piece = new byte[Values.PIECE];
        values.write(bytes -> {
            while (bytes.hasRemaining()) {
                int count = Math.min(piece.length, bytes.remaining());
                bytes.get(piece, 0, count);
                zip.write(piece, 0, count);
            }
        });
        zip.closeEntry();
    }
}

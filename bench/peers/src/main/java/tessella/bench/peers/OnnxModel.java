package tessella.bench.peers;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An ONNX model as it is built, written as a ModelProto (onnx/onnx.proto): operators of opset 20, and of com.microsoft, the domain that
 * ONNX Runtime's own optimiser writes to. Values are strings, the names of results.
 */
final class OnnxModel {
    private static final int IR_VERSION = 10;
    private static final int OPSET = 20;
    private static final String MICROSOFT = "com.microsoft";
    private static final int FLOAT = 1;
    private static final int INT64 = 7;
    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    private final List<Protobuf> nodes = new ArrayList<>();
    private final List<Protobuf> initializers = new ArrayList<>();
    private final List<Protobuf> inputs = new ArrayList<>();
    private final List<Protobuf> outputs = new ArrayList<>();

    /** An operator that is being described. */
    final class Node {
        private final Protobuf proto = new Protobuf();
        private final String result = "n" + nodes.size();
        private final List<Protobuf> attributes = new ArrayList<>();
        private final String type;
        private final String domain;
        private int results = 1;

        private Node(String type, String domain, List<String> operands) {
            this.type = type;
            this.domain = domain;
            operands.forEach(operand -> proto.text(1, operand));
        }

        Node integer(String name, long value) {
            attributes.add(new Protobuf().text(1, name).integer(3, value).integer(20, ATTRIBUTE_INT));
            return this;
        }

        Node number(String name, double value) {
            attributes.add(new Protobuf().text(1, name).number(2, (float) value).integer(20, ATTRIBUTE_FLOAT));
            return this;
        }

        Node integers(String name, long... values) {
            Protobuf attribute = new Protobuf().text(1, name);
            for (long value : values) {
                attribute.integer(8, value);
            }
            attributes.add(attribute.integer(20, ATTRIBUTE_INTS));
            return this;
        }

        /** How many results there are, if not one. */
        Node results(int count) {
            results = count;
            return this;
        }

        /** Adds the operator; its results. */
        List<String> all() {
            List<String> names = new ArrayList<>();
            for (int i = 0; i < results; i++) {
                names.add(result + "_" + i);
                proto.text(2, names.get(i));
            }
            proto.text(3, result).text(4, type);
            attributes.forEach(attribute -> proto.message(5, attribute));
            nodes.add(domain.isEmpty() ? proto : proto.text(7, domain));
            return names;
        }

        /** Adds the operator; its first result. */
        String add() {
            return all().getFirst();
        }
    }

    /** An operator of the standard. */
    Node node(String type, String... operands) {
        return new Node(type, "", List.of(operands));
    }

    /** An operator of ONNX Runtime. */
    Node fused(String type, String... operands) {
        return new Node(type, MICROSOFT, List.of(operands));
    }

    /** A float32 constant, whose values must stay there until the model is written. */
    String constant(String name, Values values, long... dims) {
        return constant(name, FLOAT, values, dims);
    }

    /** A row of integers. */
    String integers(long... values) {
        return constant("i" + initializers.size(), INT64, Values.of(values), values.length);
    }

    private String constant(String name, int type, Values values, long... dims) {
        Protobuf tensor = new Protobuf();
        for (long dim : dims) {
            tensor.integer(1, dim);
        }
        initializers.add(tensor.integer(2, type).text(8, name).message(9, values));
        return name;
    }

    /** A float32 argument of the model. */
    String input(String name, long... dims) {
        inputs.add(described(name, dims));
        return name;
    }

    /** Makes a value a result of the model. */
    void output(String name, long... dims) {
        outputs.add(described(name, dims));
    }

    private static Protobuf described(String name, long... dims) {
        Protobuf shape = new Protobuf();
        for (long dim : dims) {
            shape.message(1, new Protobuf().integer(1, dim));
        }
        Protobuf tensor = new Protobuf().integer(1, FLOAT).message(2, shape);
        return new Protobuf().text(1, name).message(2, new Protobuf().message(1, tensor));
    }

    /** Writes the model. */
    void write(Path file) throws IOException {
        Protobuf graph = new Protobuf();
        nodes.forEach(node -> graph.message(1, node));
        graph.text(2, "tessella");
        initializers.forEach(tensor -> graph.message(5, tensor));
        inputs.forEach(input -> graph.message(11, input));
        outputs.forEach(output -> graph.message(12, output));
        Protobuf model = new Protobuf().integer(1, IR_VERSION).message(7, graph)
                .message(8, new Protobuf().text(1, "").integer(2, OPSET))
                .message(8, new Protobuf().text(1, MICROSOFT).integer(2, 1));
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), Values.PIECE);
                WritableByteChannel channel = Channels.newChannel(out)) {
            model.write(channel::write);
        }
    }
}

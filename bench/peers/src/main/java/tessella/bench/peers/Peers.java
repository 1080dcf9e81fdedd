package tessella.bench.peers;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The libraries, by the names of the command line. */
final class Peers {
    /** Our own, which the others are compared with. */
    static final String OURS = "tessella";

    private Peers() {}

    /** All names but our own. */
    static List<String> names() {
        return List.of("mkl", "mkl-packed", "openblas", "libtorch", "libtorch-frozen",
                "libtorch-packed", "onnxruntime");
    }

    /**
     * Loads a library into this process, one a process.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    static Peer open(String name) {
        return switch (name) {
            case OURS -> new TessellaPeer();
            case "mkl" -> new MklPeer(MklPeer.Packing.NEVER);
            case "mkl-packed" -> new MklPeer(MklPeer.Packing.BEFOREHAND);
            case "openblas" -> new OpenBlasPeer();
            case "libtorch" -> new TorchPeer(TorchPeer.Form.EAGER);
            case "libtorch-frozen" -> new TorchPeer(TorchPeer.Form.FROZEN);
            case "libtorch-packed" -> new TorchPeer(TorchPeer.Form.PACKED);
            case "onnxruntime" -> new OnnxPeer();
            default -> throw unknown(name);
        };
    }

    /** The folder in which the loader must look for what a library loads by itself. */
    static Optional<Path> libraryPath(String name) {
        return switch (name) {
            case "mkl", "mkl-packed" -> Optional.of(Natives.folder("mkl"));
            case "openblas" -> Optional.of(Natives.folder("openblas"));
            default -> Optional.empty();
        };
    }

    static IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("peers: expected one of " + OURS + ", " + String.join(", ", names()) + ", found " + name);
    }
}

package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file system of a few megabytes in memory. It belongs to a process in a namespace of its own, and goes with it: nothing stays
 * mounted, and no right of an administrator is needed where the system lets users have namespaces.
 */
final class SmallDisk implements AutoCloseable {
    /** What space is given away in. */
    static final int PAGE = 4096;

    private final Process owner;
    private final Path root;

    private SmallDisk(Process owner, Path root) {
        this.owner = owner;
        this.root = root;
    }

    /** Mounts one over a folder, for its owner alone; where that is not possible, the test is skipped. */
    static SmallDisk mount(Path folder, int megabytes) throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/unshare")), "there is no unshare to mount a small disk with");
        Process owner = new ProcessBuilder("/usr/bin/unshare", "--map-root-user", "--mount", "/bin/sh", "-c",
                "mount -t tmpfs -o size=\"$0\"m none \"$1\" && echo ready && exec cat", Integer.toString(megabytes), folder.toString())
                .redirectErrorStream(true).start();
        BufferedReader said = new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        if (!"ready".equals(line)) {
            owner.destroyForcibly();
        }
        assumeTrue("ready".equals(line), () -> "no small disk can be mounted here: " + line);
        return new SmallDisk(owner, Path.of("/proc/" + owner.pid() + "/root" + folder.toAbsolutePath()));
    }

    /** Where everyone sees it. */
    Path root() {
        return root;
    }

    /** Fills it up to a number of free pages. */
    void leave(long pages) throws IOException {
        empty();
        try (OutputStream filling = Files.newOutputStream(root.resolve("filling"))) {
            filling.write(new byte[(int) (root.toFile().getFreeSpace() - pages * PAGE)]);
        }
        assertEquals(pages * PAGE, root.toFile().getFreeSpace());
    }

    /** Takes away what it was filled with. */
    void empty() throws IOException {
        Files.deleteIfExists(root.resolve("filling"));
    }

    @Override
    public void close() throws IOException {
        owner.getOutputStream().close();
        owner.destroyForcibly();
        owner.onExit().join();
    }
}

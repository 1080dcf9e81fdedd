package tessella.models.data;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** A whole file in memory, with its hash; gzip is undone on reading the content. */
record DataFile(Path path, byte[] stored) {
    static DataFile read(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new DataException("%s: expected a data file, found none: name the folder that holds it"
                    .formatted(path));
        }
        return new DataFile(path, Files.readAllBytes(path));
    }

    /**
     * The file's bytes, unpacked if its name ends in .gz. The limit bounds what a damaged or hostile file asks for.
     */
    byte[] content(int largest) throws IOException {
        if (!path.toString().endsWith(".gz")) {
            return stored;
        }
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(stored))) {
            byte[] content = in.readNBytes(largest);
            if (in.read() >= 0) {
                throw new DataException("%s: expected at most %d bytes, found more".formatted(path, largest));
            }
            return content;
        } catch (ZipException e) {
            throw new DataException("%s: expected a gzip file, found something else (%s)".formatted(
                    path, e.getMessage()), e);
        } catch (EOFException e) {
            throw new DataException("%s: expected a whole gzip file, found one that ends after %d bytes".formatted(
                    path, stored.length), e);
        }
    }

    /** SHA-256 over the stored bytes of the files, one after the other. */
    static String sha256(DataFile... files) {
        MessageDigest digest = sha256();
        for (DataFile file : files) {
            digest.update(file.stored);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

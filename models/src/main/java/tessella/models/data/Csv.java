package tessella.models.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Comma-separated values in UTF-8 (RFC 4180): a field in quotes may hold commas, ends of lines and doubled quotes. */
final class Csv {
    private final DataFile file;
    private final String text;
    private int at;
    private int number = 1;

    /** The fields of one line, which is that of the file it begins on, from 1. */
    record Line(int number, List<String> fields) {
    }

    private Csv(DataFile file, String text) {
        this.file = file;
        this.text = text;
    }

    /** All lines that are not empty. */
    static List<Line> read(DataFile file, int largest) throws IOException {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(file.content(largest))).toString();
        } catch (CharacterCodingException e) {
            throw new DataException("%s: expected text in UTF-8, found other bytes".formatted(file.path()), e);
        }
        Csv csv = new Csv(file, text.startsWith("\ufeff") ? text.substring(1) : text); // spreadsheets write the mark
        List<Line> lines = new ArrayList<>();
        while (csv.at < csv.text.length()) {
            Line line = csv.line();
            if (!line.fields().equals(List.of(""))) {
                lines.add(line);
            }
        }
        return lines;
    }

    private Line line() throws DataException {
        int first = number;
        List<String> fields = new ArrayList<>();
        do {
            fields.add(at < text.length() && text.charAt(at) == '"' ? quoted(first) : plain());
        } while (skipComma());
        if (text.startsWith("\r\n", at)) {
            at += 2;
        } else if (at < text.length() && text.charAt(at) == '\n') {
            at++;
        } else if (at < text.length()) {
            throw new DataException("%s, line %d: expected a comma after the quoted field %d, found '%c'".formatted(file.path(),
                    first, fields.size(), text.charAt(at)));
        }
        number++;
        return new Line(first, fields);
    }

    private boolean skipComma() {
        boolean comma = at < text.length() && text.charAt(at) == ',';
        at += comma ? 1 : 0;
        return comma;
    }

    private String plain() {
        int start = at;
        while (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '\n' && !text.startsWith("\r\n", at)) {
            at++;
        }
        return text.substring(start, at);
    }

    private String quoted(int first) throws DataException {
        StringBuilder field = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"' && !text.startsWith("\"\"", at)) {
                at++;
                return field.toString();
            }
            if (c == '"') {
                at++; // the second of two
            } else if (c == '\n') {
                number++;
            }
            field.append(c);
        }
        throw new DataException("%s, line %d: expected a quote at the end of a field, found the end of the file".formatted(
                file.path(), first));
    }
}

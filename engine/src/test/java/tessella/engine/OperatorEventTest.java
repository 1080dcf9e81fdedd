package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What operators leave in a recording of the JDK Flight Recorder. */
@ExtendWith(MemoryReturned.class)
class OperatorEventTest {
    private static final String NAME = "tessella.Operator";

    @TempDir
    private Path folder;

    private static void program() {
        try (Workers team = Workers.of(2); Scope scope = Scope.open()) {
            Workers.with(team, () -> {
                NdArray x = NdArray.full(scope, DType.F32, Shape.of(200, 300), 2);
                Pointwise.apply(Pointwise.Binary.ADD, x, x);
                NdArray q = NdArray.full(scope, DType.F32, Shape.of(2, 30, 3, 8), 1);
                Heads.forward(q, q, q, 0.5);
                Profile.gradientOf("pow", () -> Pointwise.apply(Pointwise.Unary.LOG, q));
            });
        }
    }

    private List<RecordedEvent> events(Recording recording) throws IOException {
        Path file = folder.resolve("run.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream().filter(event -> event.getEventType().getName().equals(NAME)).toList();
    }

    private static List<String> operators(List<RecordedEvent> events) {
        return events.stream().map(event -> event.getString("operator")).toList();
    }

    @Test
    void aRecordingHasAnEventForEachOperator() throws IOException {
        try (Recording recording = new Recording()) {
            assertFalse(Profile.isWatched());
            recording.start();
            assertTrue(Profile.isWatched());
            program();
            recording.stop();
            assertFalse(Profile.isWatched());
            program();
            List<RecordedEvent> events = events(recording);
            assertEquals(List.of("fill", "add", "fill", "attention", "log (pow gradient)"), operators(events));
            RecordedEvent add = events.get(1);
            assertEquals(2L * 4 * 200 * 300, add.getLong("bytes"));
            assertEquals(0, add.getLong("flops"));
            assertEquals(Split.of(60_000, 1 << 14, 64).parts(), add.getInt("tasks"));
            RecordedEvent attention = events.get(3);
            assertEquals(4L * 2 * 3 * 30 * 30 * 8, attention.getLong("flops"));
            assertEquals(6, attention.getInt("tasks"));
            for (RecordedEvent event : events) {
                assertTrue(event.getDuration().compareTo(Duration.ZERO) > 0, event.toString());
                assertEquals(Thread.currentThread().getName(), event.getThread().getJavaName());
                assertNull(event.getStackTrace());
            }
            assertEquals(List.of("Tessella"), add.getEventType().getCategoryNames());
            assertEquals("Operator", add.getEventType().getLabel());
        }
    }

    @Test
    void aRecordingThatLeavesTheEventOutHasNone() throws IOException {
        try (Recording recording = new Recording()) {
            recording.disable(NAME);
            recording.start();
            program();
            recording.stop();
            assertEquals(List.of(), events(recording));
        }
    }

    @Test
    void recordingsAndProfilesDoNotEndEachOther() throws IOException {
        try (Recording first = new Recording(); Recording second = new Recording()) {
            first.start();
            Profile profile = Profile.record();
            try (profile) {
                program();
                second.start();
                first.stop();
                assertTrue(Profile.isWatched());
                program();
                second.stop();
                assertTrue(Profile.isWatched());
                program();
            }
            assertFalse(Profile.isWatched());
            assertEquals(5, events(first).size());
            assertEquals(5, events(second).size());
            assertEquals(15, profile.table().stream().mapToLong(Profile.Row::calls).sum());
        }
    }
}

package tessella.engine;

import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

/** Follows whether a recording of the JDK Flight Recorder runs; asking an event class instead would wake the recorder. */
final class FlightWatch implements FlightRecorderListener {
    @Override
    public void recorderInitialized(FlightRecorder recorder) {
        look(recorder);
    }

    @Override
    public void recordingStateChanged(Recording recording) {
        look(FlightRecorder.getFlightRecorder());
    }

    private static void look(FlightRecorder recorder) {
        Watch.flight(recorder.getRecordings().stream().anyMatch(recording -> recording.getState() == RecordingState.RUNNING));
    }
}

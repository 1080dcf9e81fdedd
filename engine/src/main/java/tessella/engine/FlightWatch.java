package tessella.engine;

import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

/** Follows whether a recording of the JDK Flight Recorder runs; asking an event class instead would wake the recorder. */
final class FlightWatch implements FlightRecorderListener {
    /** A class of its own: the recorder may call a listener from another thread while this one still registers it. */
    private static final class Registration {
        static {
            FlightRecorder.addListener(new FlightWatch());
        }

        private static void make() {}
    }

    private FlightWatch() {}

    /** Begins to follow, once for all callers. */
    static void begin() {
        Registration.make();
    }

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

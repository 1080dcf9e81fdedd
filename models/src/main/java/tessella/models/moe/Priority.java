package tessella.models.moe;

/** In which order tokens take room in the experts they chose. */
public enum Priority {
    /** As they stand in the group (V-MoE without priorities). */
    POSITION,
    /** The largest gate first (batch priority routing); equal ones as they stand. */
    LARGEST_GATE,
    /** The largest sum of the gates of the chosen experts first; equal ones as they stand. */
    SUM_OF_CHOSEN_GATES
}

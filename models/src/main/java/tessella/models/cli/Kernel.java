package tessella.models.cli;

/**
 * A kernel with arguments to time it on.
 *
 * @param family   the file it is from
 * @param name     its method, and what is special about the arguments
 * @param flop     multiply-adds of products, two each; 0 for a kernel that is held against copies alone
 * @param bytes    bytes read plus bytes written
 * @param expected the share of its bound that it reaches where all is well, roughly
 * @param call     runs it once
 */
record Kernel(String family, String name, double flop, double bytes, double expected, Runnable call) {
    /** Such as {@code Softmax.rows}. */
    String title() {
        return family + "." + name;
    }
}

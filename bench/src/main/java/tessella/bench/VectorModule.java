package tessella.bench;

/** The module that this very process needs, not only its forks. */
final class VectorModule {
    private VectorModule() {}

    /**
     * Looks for it.
     *
     * @throws IllegalArgumentException if it is not there
     */
    static void require() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            throw new IllegalArgumentException("the module jdk.incubator.vector is missing in this JVM: start it with "
                    + "--add-modules jdk.incubator.vector");
        }
    }
}

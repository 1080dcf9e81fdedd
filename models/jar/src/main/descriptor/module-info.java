/** Vision transformers and mixtures of experts inside the JVM. The kernels and the command line are not exported. */
module tessella {
    requires jdk.incubator.vector;
    requires jdk.jfr; // operators are events of its recordings
    requires jdk.management; // how much memory the machine or the container has
    requires static jdk.httpserver; // the page that follows a training run: nothing else needs it
    requires static java.desktop; // reads picture files: nothing else needs it

    exports tessella.engine;
    exports tessella.engine.io;
    exports tessella.engine.transport;
    exports tessella.autodiff;
    exports tessella.models.data;
    exports tessella.models.measure;
    exports tessella.models.moe;
    exports tessella.models.nn;
    exports tessella.models.patchmerger;
    exports tessella.models.pruning;
    exports tessella.models.report;
    exports tessella.models.scenes;
    exports tessella.models.softmoe;
    exports tessella.models.topk;
    exports tessella.models.train;
    exports tessella.models.transport;
    exports tessella.models.vit;
}

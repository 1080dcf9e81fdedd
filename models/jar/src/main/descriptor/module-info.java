/** Vision transformers and mixtures of experts inside the JVM. */
module tessella {
    requires jdk.incubator.vector;
    requires static java.desktop; // only for reading images
}

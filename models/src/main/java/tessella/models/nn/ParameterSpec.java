package tessella.models.nn;

import tessella.engine.Shape;

/** A parameter before it has memory: its dotted name, shape and initial values. */
public record ParameterSpec(String name, Shape shape, Initializer initializer) {}

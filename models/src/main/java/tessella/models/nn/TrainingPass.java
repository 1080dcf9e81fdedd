package tessella.models.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Draws;
import tessella.engine.Random;
import tessella.engine.Shape;

/**
 * The observer of a training step: keeps the terms that layers add to the loss, and draws their noise. The noise of an example
 * depends on the seed, the name of the layer, the step and the place of the example in the step's batch, so that parts of a batch
 * draw what the whole would, and a block that is run again draws the same. For one thread.
 */
public final class TrainingPass implements Observer {
    private final long seed;
    private final long step;
    private final int first;
    private final List<Tensor> terms = new ArrayList<>();

    /**
     * A pass of some examples of a step.
     *
     * @param seed where all noise comes from
     * @param step the number of the step
     * @param first the place in the step's batch of the first example
     */
    public TrainingPass(long seed, long step, int first) {
        this.seed = seed;
        this.step = step;
        this.first = first;
    }

    /** A pass of the same noise, without terms: for a part of the model whose terms go another way. */
    public TrainingPass part() {
        return new TrainingPass(seed, step, first);
    }

    @Override
    public void see(String name, Tensor value) {}

    @Override
    public void addToLoss(String name, Supplier<Tensor> term) {
        terms.add(Reductions.mean(term.get()));
    }

    @Override
    public Optional<Tensor> noise(String name, DType dtype, Shape shape) {
        return Optional.of(Tensor.of(Draws.normal(Random.of(seed, name).at(step, 0), dtype, shape,
                first * shape.without(0).size())));
    }

    /** The sum of all terms so far, in their order, a scalar; empty if there is none. */
    public Optional<Tensor> loss() {
        return terms.stream().reduce(Elementwise::add);
    }
}

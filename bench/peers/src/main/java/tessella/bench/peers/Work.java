package tessella.bench.peers;

/** A piece of work that is asked of several libraries, the same data for all of them (float32). */
public sealed interface Work {
    /** Name in tables and on the command line. */
    String name();

    /** Floating-point operations: two for each multiply-add of a product, what is elementwise not counted. */
    double flop();

    /** Bytes that must at least be read and written, each once. */
    double bytes();

    /** The forms of a matrix product in a linear layer: its result, and the two of its gradient. */
    enum Form {
        /** C [m, n] = A [m, k] B [k, n]. */
        PLAIN,
        /** C [m, n] = A [m, k] B^T, B [n, k]: the cotangent of the input. */
        B_TRANSPOSED,
        /** C [m, n] = A^T B, A [k, m], B [k, n]: the gradient of the weights. */
        A_TRANSPOSED
    }

    /** What may be prepared outside of the time. */
    enum Weights {
        /** Both operands are new in each product, and packing them counts. */
        FRESH,
        /** B is the same in all products: it may be packed beforehand, in whatever way the library offers. */
        PREPACKED,
        /** B is stored as bfloat16 by whoever can read it (rounded beforehand), float32 by others. */
        BFLOAT16
    }

    /** C = A B in one of its forms; A is "a", B is "b" of {@link Data}, uniform in [-1/2, 1/2). */
    record Gemm(int m, int k, int n, Form form, Weights weights) implements Work {
        @Override
        public String name() {
            return "gemm-" + m + "x" + k + "x" + n + "-" + form.name().toLowerCase() + "-" + weights.name().toLowerCase();
        }

        @Override
        public double flop() {
            return 2.0 * m * k * n;
        }

        @Override
        public double bytes() {
            return 4.0 * m * k + (weights == Weights.BFLOAT16 ? 2.0 : 4.0) * k * n + 4.0 * m * n;
        }
    }

    /** o = softmax(q k^T / sqrt(d)) v; "q", "k", "v", and "do" for the gradient, each [batch, n, heads, d] normal. */
    record Attention(int batch, int heads, int n, int d, Direction direction) implements Work {
        @Override
        public String name() {
            return "attention-" + batch + "x" + heads + "x" + n + "x" + d + "-" + direction.name().toLowerCase();
        }

        /** Two products forward; the gradient has five, of which one computes the logits again. */
        @Override
        public double flop() {
            double product = 2.0 * batch * heads * n * n * d;
            return product * (direction == Direction.FORWARD ? 2 : 7);
        }

        @Override
        public double bytes() {
            return 4.0 * batch * heads * n * d * (direction == Direction.FORWARD ? 4 : 12);
        }
    }

    /** An operator that reads rows and writes rows. */
    enum RowOperator {
        /** e^x, forward only. */
        EXP,
        /** Softmax over the last axis. */
        SOFTMAX,
        /** LayerNorm with scale "scale" and bias "bias" [n], eps 1e-6. */
        LAYER_NORM,
        /** GELU in the tanh form. */
        GELU,
        /** GELU in the tanh form of x plus "bias" [n]. */
        BIAS_GELU,
        /** x plus "other", of its shape. */
        RESIDUAL_ADD,
        /** The mean over rows of -log softmax(x) at the label of the row, labels row mod n. */
        CROSS_ENTROPY
    }

    /** An operator on "x" [rows, n], normal; the cotangent of the result is "dy", that of a loss 1. */
    record Rows(RowOperator operator, int rows, int n, Direction direction) implements Work {
        @Override
        public String name() {
            return operator.name().toLowerCase() + "-" + rows + "x" + n + "-" + direction.name().toLowerCase();
        }

        @Override
        public double flop() {
            return 0;
        }

        @Override
        public double bytes() {
            double arrays = switch (operator) {
                case RESIDUAL_ADD -> direction == Direction.FORWARD ? 3 : 3;
                case CROSS_ENTROPY -> direction == Direction.FORWARD ? 1 : 3;
                default -> direction == Direction.FORWARD ? 2 : 5;
            };
            return 4.0 * rows * n * arrays;
        }
    }

    /**
     * One AdamW step over all parameters of a preset, decay only where the library's recipe decays (kernels), with the settings of
     * {@link Step}: from the initial values of seed 1, gradients "d" and the name of the parameter, normal. The result is the values
     * after the first step.
     */
    record Adam(String preset) implements Work {
        @Override
        public String name() {
            return "adamw-" + preset;
        }

        @Override
        public double flop() {
            return 0;
        }

        /** Value, both moments read and written, gradient read. */
        @Override
        public double bytes() {
            return 4.0 * 7 * Models.parameters(preset);
        }
    }

    /** The logits of "images" [batch, size, size, channels], normal, by {@link Models#model}. */
    record Forward(String preset, int batch) implements Work {
        @Override
        public String name() {
            return "forward-" + preset + "-batch-" + batch;
        }

        @Override
        public double flop() {
            return Models.forwardFlop(preset) * batch;
        }

        @Override
        public double bytes() {
            return 4.0 * Models.parameters(preset);
        }
    }

    /**
     * A training step: forward, mean cross-entropy of labels (picture mod classes), backward, AdamW (1e-3, 0.9, 0.999, 1e-8,
     * decay 0.05 of kernels). The result is the losses of ten steps. This library cuts the pictures into parts, as its trainer does
     * if asked, and adds their gradients up; a step is the same for all but for rounding.
     */
    record Step(String preset, int batch, int parts) implements Work {
        /** Steps whose losses are compared. */
        static final int STEPS = 10;

        /** Refuses parts that would leave pictures out. */
        public Step {
            if (parts < 1 || batch % parts != 0) {
                throw new IllegalArgumentException("step: expected parts that divide the batch of " + batch + ", found " + parts);
            }
        }

        @Override
        public String name() {
            return "step-" + preset + "-batch-" + batch + (parts == 1 ? "" : "-parts-" + parts);
        }

        @Override
        public double flop() {
            return 3 * Models.forwardFlop(preset) * batch;
        }

        @Override
        public double bytes() {
            return 4.0 * 9 * Models.parameters(preset);
        }
    }

    /**
     * A Soft MoE layer (SoftMoe) on "x" [batch, tokens, width], parameters of seed 1; gradients of x and all parameters for "dy". Weights
     * that may be packed or rounded beforehand are those of the experts.
     */
    record Mixture(int batch, int tokens, int width, int hidden, int experts, int slots, Direction direction, Weights weights)
            implements Work {
        @Override
        public String name() {
            return "softmoe-" + batch + "x" + tokens + "x" + width + "x" + hidden + "-" + experts + "x" + slots + "-"
                    + direction.name().toLowerCase() + (weights == Weights.FRESH ? "" : "-" + weights.name().toLowerCase());
        }

        @Override
        public double flop() {
            double s = (double) experts * slots;
            return 2.0 * batch * (3.0 * tokens * s * width + 2.0 * s * width * hidden)
                    * (direction == Direction.FORWARD ? 1 : 3);
        }

        @Override
        public double bytes() {
            double experts = 2.0 * this.experts * width * hidden * (weights == Weights.BFLOAT16 ? 2 : 4);
            return experts * (direction == Direction.FORWARD ? 1 : 3) + 4.0 * batch * tokens * width * 2;
        }
    }
}

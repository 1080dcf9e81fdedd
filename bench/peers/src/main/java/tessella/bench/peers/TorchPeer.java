package tessella.bench.peers;

/** libtorch, the library under PyTorch, through ai.djl; programs are TorchScript, so that no operator is called from Java. */
final class TorchPeer implements Peer {
    /** What is done to a module before it runs. */
    enum Form {
        /** Nothing: each operator is called as it stands in the program. */
        EAGER,
        /** torch.jit.optimize_for_inference: weights are constants, and linear layers products and sums. Models in inference only. */
        FROZEN,
        /**
         * Weights of linear layers are packed beforehand for their number of rows, as a frozen torch.compile does it on Intel's CPUs.
         * Models in inference only.
         */
        PACKED
    }

    private final Form form;

    TorchPeer(Form form) {
        this.form = form;
    }

    @Override
    public String name() {
        return "libtorch " + TorchLibrary.version() + " " + form.name().toLowerCase();
    }

    @Override
    public Run prepare(Work work, int threads) {
        TorchLibrary.threads(threads);
        if (form != Form.EAGER) {
            return work instanceof Work.Forward forward ? TorchTransformer.prepare(forward, form) : null;
        }
        return switch (work) {
            case Work.Gemm gemm -> gemm.weights() == Work.Weights.BFLOAT16 ? null : run(TorchOperators.gemm(gemm));
            case Work.Attention attention -> run(TorchOperators.attention(attention));
            case Work.Rows rows -> run(TorchOperators.rows(rows));
            case Work.Adam adam -> TorchTraining.adam(adam);
            case Work.Forward forward -> TorchTransformer.prepare(forward, form);
            case Work.Step step -> TorchTraining.steps(step);
            case Work.Mixture mixture -> mixture.weights() == Work.Weights.BFLOAT16 ? null : TorchMixture.prepare(mixture);
        };
    }

    private Run run(TorchScript script) {
        return TorchRun.of(TorchArchive.of(script), form);
    }

    @Override
    public void close() {}
}

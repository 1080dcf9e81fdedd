package tessella.bench.peers;

/** libtorch, the library under PyTorch, through ai.djl; programs are TorchScript, so that no operator is called from Java. */
final class TorchPeer implements Peer {
    private final TorchModule.Form form;

    TorchPeer(TorchModule.Form form) {
        this.form = form;
    }

    @Override
    public String name() {
        return "libtorch " + TorchLibrary.version() + " " + form.name().toLowerCase();
    }

    @Override
    public Run prepare(Work work, int threads) {
        TorchLibrary.threads(threads);
        if (form != TorchModule.Form.EAGER) {
            return work instanceof Work.Forward forward ? TorchTransformer.prepare(forward, form) : null;
        }
        return switch (work) {
            case Work.Gemm gemm -> gemm.weights() == Work.Weights.BFLOAT16 ? null : TorchRun.of(TorchOperators.gemm(gemm), form);
            case Work.Attention attention -> TorchRun.of(TorchOperators.attention(attention), form);
            case Work.Rows rows -> TorchRun.of(TorchOperators.rows(rows), form);
            case Work.Adam adam -> TorchTraining.adam(adam);
            case Work.Forward forward -> TorchTransformer.prepare(forward, form);
            case Work.Step step -> TorchTraining.steps(step);
            case Work.Mixture mixture -> mixture.weights() == Work.Weights.BFLOAT16 ? null : TorchMixture.prepare(mixture);
        };
    }

    @Override
    public void close() {}
}

package tessella.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;

/** A module that libtorch has loaded. Its tensors stay inside: a call costs one step through JNI, whatever the program. */
abstract sealed class TorchModule implements AutoCloseable {
    private static final String BEGIN = "begin";
    private static final String FORWARD = "forward";
    private static final String RESULTS = "results";

    final PtNDManager manager;

    private TorchModule(PtNDManager manager) {
        this.manager = manager;
    }

    /** Loads a module. */
    static TorchModule load(TorchArchive archive, TorchPeer.Form form) {
        PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
        try {
            boolean recorded = archive.execution() == TorchScript.Execution.RECORDED;
            PtSymbolBlock block = JniUtils.loadModule(manager, archive.file(), true, new String[0], new String[0], recorded);
            return recorded ? new Recorded(manager, block) : new Inference(manager, block, archive.hasArgument(), form);
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    /** Runs the program; what it returns is released. */
    abstract void forward();

    /** What the program computes, one array after the other. */
    abstract float[] results();

    private static float[] joined(NDList list) {
        float[] all = new float[Math.toIntExact(list.stream().mapToLong(NDArray::size).sum())];
        int at = 0;
        for (NDArray array : list) {
            float[] part = array.toFloatArray();
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @Override
    public void close() {
        manager.close();
        Malloc.trim();
    }

    /** A module under torch.inference_mode(). */
    private static final class Inference extends TorchModule {
        private final PtSymbolBlock block;
        private final TorchPeer.Form form;
        private final IValue argument;
        private final IValue[] arguments;

        Inference(PtNDManager manager, PtSymbolBlock block, boolean hasArgument, TorchPeer.Form form) {
            super(manager);
            this.form = form;
            argument = IValueUtils.runMethod(block, BEGIN);
            arguments = hasArgument ? new IValue[] {argument} : new IValue[0];
            if (form == TorchPeer.Form.FROZEN) {
                this.block = new PtSymbolBlock(manager, TorchLibrary.optimizedForInference(block.getHandle()));
                block.close();
            } else {
                this.block = block;
            }
        }

        private IValue call(String method) {
            // kept for each thread
            JniUtils.setGraphExecutorOptimize(false);
            return IValueUtils.runMethod(block, method, arguments);
        }

        @Override
        void forward() {
            call(FORWARD).close();
        }

        @Override
        float[] results() {
            // of the methods of a frozen module only forward is left
            try (IValue value = call(form == TorchPeer.Form.FROZEN ? FORWARD : RESULTS); NDList list = value.toNDList(manager)) {
                return joined(list);
            }
        }

        @Override
        public void close() {
            argument.close();
            block.close();
            super.close();
        }
    }

    /** A module whose operators are recorded for gradients. */
    private static final class Recorded extends TorchModule {
        private final PtSymbolBlock block;
        private final NDArray argument;

        Recorded(PtNDManager manager, PtSymbolBlock block) {
            super(manager);
            this.block = block;
            argument = call(named(manager.create(0f), BEGIN), manager.create(0f)).singletonOrThrow();
        }

        /** By the name of an array ai.djl is told the method of a call; the array itself is not passed on. */
        private static NDArray named(NDArray array, String method) {
            array.setName("module_method:" + method);
            return array;
        }

        private NDList call(NDArray... arrays) {
            // kept for each thread
            JniUtils.setGraphExecutorOptimize(false);
            JniUtils.setGradMode(true);
            try {
                return IValueUtils.forward(block, new NDList(arrays), true);
            } finally {
                JniUtils.setGradMode(false);
            }
        }

        @Override
        void forward() {
            call(argument).close();
        }

        @Override
        float[] results() {
            try (NDList list = call(named(manager.create(0f), RESULTS), argument)) {
                return joined(list);
            }
        }

        @Override
        public void close() {
            block.close();
            super.close();
        }
    }
}

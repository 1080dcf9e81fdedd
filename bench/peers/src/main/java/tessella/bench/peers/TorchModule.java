package tessella.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A module that libtorch has loaded. Its tensors stay inside: a call costs one step through JNI, whatever the program. */
final class TorchModule implements AutoCloseable {
    /** What is done to a module before it runs. */
    enum Form {
        /** Nothing: each operator is called as it stands in the program. */
        EAGER,
        /** torch.jit.optimize_for_inference: weights are constants, in the layout that libtorch likes best. */
        FROZEN
    }

    private static final String FORWARD = "forward";
    private static final String RESULTS = "results";
    /** Name of an array by which ai.djl is told the method of a recorded call. */
    private static final String METHOD = "module_method:";

    private final TorchScript.Execution execution;
    private final Form form;
    private final PtNDManager manager;
    private final PtSymbolBlock block;
    private final NDArray argument;
    private final NDArray results;

    private TorchModule(TorchScript.Execution execution, Form form, PtNDManager manager, PtSymbolBlock block) {
        this.execution = execution;
        this.form = form;
        this.manager = manager;
        this.block = block;
        argument = manager.create(0f);
        results = manager.create(0f);
        results.setName(METHOD + RESULTS);
    }

    /** Loads a module by way of a file that is deleted then. */
    static TorchModule load(TorchScript script, Form form) {
        PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
        try {
            Path file = Files.createTempFile("tessella", ".pt");
            try {
                script.write(file);
                PtSymbolBlock block = JniUtils.loadModule(manager, file, true, new String[0], new String[0],
                        script.execution() == TorchScript.Execution.RECORDED);
                TorchModule module = new TorchModule(script.execution(), form, manager, block);
                module.call("begin");
                return form == Form.EAGER ? module : new TorchModule(script.execution(), form, manager, module.frozen());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            manager.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    private PtSymbolBlock frozen() {
        try (block) {
            return new PtSymbolBlock(manager, TorchLibrary.optimizedForInference(block.getHandle()));
        }
    }

    /** Runs the program; what it returns is released. */
    void forward() {
        call(FORWARD);
    }

    private void call(String method) {
        enter();
        if (execution == TorchScript.Execution.INFERENCE) {
            IValueUtils.runMethod(block, method).close();
        } else {
            try (NDList list = recorded(method)) {
                assert list.size() == 1;
            }
        }
    }

    private NDList recorded(String method) {
        NDList list = new NDList(argument);
        if (!method.equals(FORWARD)) {
            NDArray name = method.equals(RESULTS) ? results : manager.create(0f);
            name.setName(METHOD + method);
            list.add(name);
        }
        return IValueUtils.forward(block, list, true);
    }

    /** What the program computes, one array after the other. */
    float[] results() {
        enter();
        if (form == Form.FROZEN) {
            // of the methods only forward is left
            try (IValue value = IValueUtils.runMethod(block, FORWARD); NDList list = value.toNDList(manager)) {
                return joined(list);
            }
        } else if (execution == TorchScript.Execution.INFERENCE) {
            try (IValue value = IValueUtils.runMethod(block, RESULTS); NDList list = value.toNDList(manager)) {
                return joined(list);
            }
        }
        try (NDList list = recorded(RESULTS)) {
            return joined(list);
        }
    }

    /** What libtorch keeps for each thread. */
    private void enter() {
        JniUtils.setGraphExecutorOptimize(form == Form.FROZEN);
        JniUtils.setGradMode(execution == TorchScript.Execution.RECORDED);
    }

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
        block.close();
        manager.close();
    }
}

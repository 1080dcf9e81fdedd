package tessella.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Update;
import tessella.engine.UpdateRule;
import tessella.models.nn.Parameters;
import tessella.models.train.ByName;
import tessella.models.train.WeightDecay;

/** Steps of AdamW alone, with gradients that stay the same. */
final class AdamBody implements TessellaRun.Body {
    private final String preset;
    private final Parameters parameters;
    private final List<NdArray> gradients = new ArrayList<>();
    private final Update update;

    AdamBody(String preset, Scope scope) {
        this.preset = preset;
        parameters = Parameters.initialized(Models.specs(preset), DType.F32, 1);
        for (Parameter parameter : parameters.all()) {
            gradients.add(NdArray.of(scope, parameter.shape(), Data.normal("d" + parameter.name(), parameter.shape().dims())));
        }
        update = update(parameters, scope);
    }

    private static Update update(Parameters parameters, Scope scope) {
        ByName decay = WeightDecay.softMoe(StepBody.DECAY, StepBody.DECAY);
        return Update.of(UpdateRule.Adam.DEFAULT, scope, parameters.all().stream()
                .map(parameter -> new Update.Target(parameter.value(), 1, decay.of(parameter.name()))).toList());
    }

    private void step(Update update) {
        for (int i = 0; i < gradients.size(); i++) {
            update.gradient(i, gradients.get(i));
        }
        update.step(StepBody.RATE, 1, Double.POSITIVE_INFINITY);
    }

    @Override
    public void compute(Consumer<NdArray> results) {
        step(update);
        parameters.all().forEach(parameter -> results.accept(parameter.value()));
    }

    @Override
    public float[] result() {
        try (Parameters fresh = Parameters.initialized(Models.specs(preset), DType.F32, 1); Scope scope = Scope.open()) {
            step(update(fresh, scope));
            float[] all = new float[Math.toIntExact(fresh.count())];
            int at = 0;
            for (Parameter parameter : fresh.all()) {
                float[] values = parameter.value().toFloats();
                System.arraycopy(values, 0, all, at, values.length);
                at += values.length;
            }
            return all;
        }
    }

    @Override
    public void close() {
        parameters.close();
    }
}

package tessella.bench.peers;

import static tessella.bench.peers.Direction.FORWARD;
import static tessella.bench.peers.Direction.FORWARD_BACKWARD;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tessella.bench.peers.Work.Form;
import tessella.bench.peers.Work.RowOperator;
import tessella.bench.peers.Work.Weights;

/** Work by its name, and the named sets that are compared. */
final class Works {
    private static final String DIRECTION = "-(forward|forward_backward)";
    private static final Pattern GEMM = Pattern.compile("gemm-(\\d+)x(\\d+)x(\\d+)-([a-z_]+)-([a-z0-9]+)");
    private static final Pattern ATTENTION = Pattern.compile("attention-(\\d+)x(\\d+)x(\\d+)x(\\d+)" + DIRECTION);
    private static final Pattern ROWS = Pattern.compile("([a-z_]+)-(\\d+)x(\\d+)" + DIRECTION);
    private static final Pattern ADAM = Pattern.compile("adamw-(.+)");
    private static final Pattern FORWARD_PASS = Pattern.compile("forward-(.+)-batch-(\\d+)");
    private static final Pattern STEP = Pattern.compile("step-(.+)-batch-(\\d+)(?:-parts-(\\d+))?");
    private static final Pattern MIXTURE = Pattern.compile("softmoe-(\\d+)x(\\d+)x(\\d+)x(\\d+)-(\\d+)x(\\d+)" + DIRECTION
            + "(?:-(prepacked|bfloat16))?");
    private static final String VIT = "vit-b16";
    private static final Map<String, List<Work>> SETS = new LinkedHashMap<>();

    static {
        List<Work> layers = List.of(plain(197, 768, 2304), plain(197, 768, 768), plain(197, 768, 3072), plain(197, 3072, 768),
                plain(1576, 768, 2304), plain(1576, 768, 3072), plain(1576, 3072, 768));
        List<Work> sgemm = new ArrayList<>(List.of(plain(512, 512, 512), plain(1024, 1024, 1024), plain(2048, 2048, 2048)));
        sgemm.addAll(layers);
        sgemm.add(plain(197, 64, 197));
        layers.forEach(layer -> sgemm.addAll(gradients((Work.Gemm) layer)));
        SETS.put("sgemm", List.copyOf(sgemm));
        SETS.put("prepacked", layers.stream().map(layer -> weighted((Work.Gemm) layer, Weights.PREPACKED)).toList());
        SETS.put("rows", fewRows());
        SETS.put("attention", List.of(new Work.Attention(1, 12, 197, 64, FORWARD),
                new Work.Attention(1, 12, 197, 64, FORWARD_BACKWARD), new Work.Attention(1, 12, 785, 64, FORWARD),
                new Work.Attention(1, 12, 785, 64, FORWARD_BACKWARD)));
        SETS.put("elementwise", elementwise());
        SETS.put("adamw", List.of(new Work.Adam(VIT)));
        SETS.put("forward", List.of(new Work.Forward(VIT, 1), new Work.Forward(VIT, 8)));
        SETS.put("step", List.of(new Work.Step(VIT, 8, 1), new Work.Step(VIT, 8, 2)));
        SETS.put("demo-step", List.of(new Work.Step("soft-moe-tiny", 32, 1), new Work.Step("soft-moe-tiny", 32, 2)));
        SETS.put("softmoe", mixtures());
        SETS.put("experts", expertsAlone());
    }

    private Works() {}

    private static Work plain(int m, int k, int n) {
        return new Work.Gemm(m, k, n, Form.PLAIN, Weights.FRESH);
    }

    private static Work weighted(Work.Gemm work, Weights weights) {
        return new Work.Gemm(work.m(), work.k(), work.n(), work.form(), weights);
    }

    /** Of y [m, n] = x [m, k] W: dx = dy W^T, and dW = x^T dy, a sum over the m rows. */
    private static List<Work> gradients(Work.Gemm layer) {
        return List.of(new Work.Gemm(layer.m(), layer.n(), layer.k(), Form.B_TRANSPOSED, Weights.FRESH),
                new Work.Gemm(layer.k(), layer.m(), layer.n(), Form.A_TRANSPOSED, Weights.FRESH));
    }

    private static List<Work> fewRows() {
        List<Work> works = new ArrayList<>();
        for (int[] kn : new int[][] {{768, 768}, {768, 3072}, {3072, 768}, {4096, 4096}, {4096, 16384}}) {
            for (int m : new int[] {1, 2, 4, 8}) {
                for (Weights weights : List.of(Weights.PREPACKED, Weights.BFLOAT16)) {
                    works.add(new Work.Gemm(m, kn[0], kn[1], Form.PLAIN, weights));
                }
            }
        }
        return List.copyOf(works);
    }

    private static List<Work> elementwise() {
        List<Work> works = new ArrayList<>(List.of(new Work.Rows(RowOperator.EXP, 197, 768, FORWARD)));
        for (Direction direction : Direction.values()) {
            works.add(new Work.Rows(RowOperator.SOFTMAX, 768, 197, direction));
            works.add(new Work.Rows(RowOperator.SOFTMAX, 36, 4096, direction));
            for (int rows : new int[] {197, 1576}) {
                works.add(new Work.Rows(RowOperator.LAYER_NORM, rows, 768, direction));
                works.add(new Work.Rows(RowOperator.GELU, rows, 3072, direction));
                works.add(new Work.Rows(RowOperator.BIAS_GELU, rows, 3072, direction));
            }
            works.add(new Work.Rows(RowOperator.RESIDUAL_ADD, 1576, 768, direction));
            works.add(new Work.Rows(RowOperator.CROSS_ENTROPY, 256, 1000, direction));
            for (RowOperator operator : List.of(RowOperator.GELU, RowOperator.LAYER_NORM, RowOperator.RESIDUAL_ADD)) {
                works.add(new Work.Rows(operator, 65_536, 768, direction));
            }
        }
        return List.copyOf(works);
    }

    private static List<Work> mixtures() {
        List<Work> works = new ArrayList<>();
        for (int experts : new int[] {4, 49, 196}) {
            for (Direction direction : Direction.values()) {
                works.add(new Work.Mixture(8, 196, 768, 3072, experts, 196 / experts, direction, Weights.FRESH));
            }
        }
        return List.copyOf(works);
    }

    private static List<Work> expertsAlone() {
        List<Work> works = new ArrayList<>();
        for (int experts : new int[] {4, 14, 49, 196}) {
            for (int batch : new int[] {8, 32}) {
                for (Weights weights : Weights.values()) {
                    works.add(new Work.Mixture(batch, 196, 768, 3072, experts, 196 / experts, FORWARD, weights));
                }
            }
        }
        return List.copyOf(works);
    }

    /** The names of the sets. */
    static List<String> sets() {
        return List.copyOf(SETS.keySet());
    }

    /**
     * The works of a set, or of a piece of work its own name.
     *
     * @throws IllegalArgumentException if there is neither
     */
    static List<Work> named(String name) {
        List<Work> set = SETS.get(name);
        return set == null ? List.of(parse(name)) : set;
    }

    /**
     * The work that has this {@link Work#name}.
     *
     * @throws IllegalArgumentException if none has
     */
    static Work parse(String name) {
        try {
            Work work = read(name);
            if (work != null && work.name().equals(name)) {
                return work;
            }
        } catch (IllegalArgumentException e) {
            throw unknown(name, e);
        }
        throw unknown(name, null);
    }

    private static IllegalArgumentException unknown(String name, Exception cause) {
        return new IllegalArgumentException("work: expected one of " + String.join(", ", sets())
                + " or a name such as gemm-197x768x3072-plain-fresh, found " + name, cause);
    }

    private static Work read(String name) {
        Matcher matcher;
        if ((matcher = GEMM.matcher(name)).matches()) {
            return new Work.Gemm(number(matcher, 1), number(matcher, 2), number(matcher, 3),
                    Form.valueOf(word(matcher, 4)), Weights.valueOf(word(matcher, 5)));
        } else if ((matcher = ATTENTION.matcher(name)).matches()) {
            return new Work.Attention(number(matcher, 1), number(matcher, 2), number(matcher, 3), number(matcher, 4),
                    Direction.valueOf(word(matcher, 5)));
        } else if ((matcher = ROWS.matcher(name)).matches()) {
            return new Work.Rows(RowOperator.valueOf(word(matcher, 1)), number(matcher, 2), number(matcher, 3),
                    Direction.valueOf(word(matcher, 4)));
        } else if ((matcher = ADAM.matcher(name)).matches()) {
            return new Work.Adam(preset(matcher));
        } else if ((matcher = FORWARD_PASS.matcher(name)).matches()) {
            return new Work.Forward(preset(matcher), number(matcher, 2));
        } else if ((matcher = STEP.matcher(name)).matches()) {
            return new Work.Step(preset(matcher), number(matcher, 2), matcher.group(3) == null ? 1 : number(matcher, 3));
        } else if ((matcher = MIXTURE.matcher(name)).matches()) {
            return new Work.Mixture(number(matcher, 1), number(matcher, 2), number(matcher, 3), number(matcher, 4),
                    number(matcher, 5), number(matcher, 6), Direction.valueOf(word(matcher, 7)),
                    matcher.group(8) == null ? Weights.FRESH : Weights.valueOf(word(matcher, 8)));
        }
        return null;
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    private static String word(Matcher matcher, int group) {
        return matcher.group(group).toUpperCase(Locale.ROOT);
    }

    private static String preset(Matcher matcher) {
        Models.config(matcher.group(1));
        return matcher.group(1);
    }
}

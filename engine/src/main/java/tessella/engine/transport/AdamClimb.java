package tessella.engine.transport;

/** Adam; see {@link Ascent.Adam}. */
final class AdamClimb extends Climb {
    private final Ascent.Adam rule;
    private final double[] m;
    private final double[] v;
    private double power1 = 1;
    private double power2 = 1;

    AdamClimb(Hill hill, double[] start, Ascent.Adam rule) {
        super(hill, start);
        this.rule = rule;
        m = new double[start.length];
        v = new double[start.length];
    }

    @Override
    boolean step() {
        power1 *= rule.b1();
        power2 *= rule.b2();
        for (int i = 0; i < x.length; i++) {
            m[i] = rule.b1() * m[i] + (1 - rule.b1()) * gradient[i];
            v[i] = rule.b2() * v[i] + (1 - rule.b2()) * gradient[i] * gradient[i];
            x[i] += rule.rate() * (m[i] / (1 - power1)) / (Math.sqrt(v[i] / (1 - power2)) + rule.eps());
        }
        value = hill.evaluate(x, gradient);
        return true;
    }
}

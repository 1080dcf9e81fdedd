package tessella.models.transport;

import java.util.Arrays;
import tessella.engine.Random;

/**
 * A transport problem small enough to be drawn: masses of one sum 1, and squared distances over the largest of them as costs (the demonstrations
 * of Liu, Puigcerver, Blondel 2022, in one and in two dimensions).
 */
public sealed interface TransportDemo {
    /** C [m, n], row-major, from 0 to 1. */
    double[] cost();

    /** Masses of the rows [m]. */
    double[] a();

    /** Masses of the columns [n]. */
    double[] b();

    /** What it is, for a title. */
    String describe();

    /**
     * Two distributions on the same bins 0 .. n - 1.
     *
     * @param a masses that are there [n]
     * @param b masses that are wanted [n]
     */
    record Bins(double[] a, double[] b) implements TransportDemo {
        private static final int COUNT = 32;

        /** Normal densities at 0 .. 31, each divided by its sum: mean 10 and deviation 4, to mean 16 and deviation 5. */
        public static Bins gaussians() {
            return new Bins(gaussian(10, 4), gaussian(16, 5));
        }

        private static double[] gaussian(double mean, double deviation) {
            double[] masses = new double[COUNT];
            Arrays.setAll(masses, i -> StrictMath.exp(-(i - mean) * (i - mean) / (2 * deviation * deviation)));
            double sum = Arrays.stream(masses).sum();
            return Arrays.stream(masses).map(mass -> mass / sum).toArray();
        }

        @Override
        public double[] cost() {
            int n = b.length;
            double[] cost = new double[a.length * n];
            Arrays.setAll(cost, at -> (double) (at / n - at % n) * (at / n - at % n));
            return scaled(cost);
        }

        @Override
        public String describe() {
            return "two Gaussians on " + a.length + " bins";
        }
    }

    /**
     * Two clouds of points in the plane, every point of a cloud with the same mass.
     *
     * @param from [m][2]
     * @param to   [n][2]
     */
    record Points(double[][] from, double[][] to) implements TransportDemo {
        private static final int COUNT = 20;
        /** Where the second cloud is. */
        private static final double AWAY = 4;

        /** 20 normal points around (0, 0) and 20 around (4, 4); the second cloud leans, with covariance [[1, -0.8], [-0.8, 1]]. */
        public static Points clouds(long seed) {
            Random first = Random.of(seed, "first cloud");
            Random second = Random.of(seed, "second cloud");
            double[][] from = new double[COUNT][];
            double[][] to = new double[COUNT][];
            for (int i = 0; i < COUNT; i++) {
                from[i] = new double[] {first.normal(2 * i), first.normal(2 * i + 1)};
                double x = second.normal(2 * i);
                to[i] = new double[] {AWAY + x, AWAY - 0.8 * x + 0.6 * second.normal(2 * i + 1)};
            }
            return new Points(from, to);
        }

        @Override
        public double[] cost() {
            int n = to.length;
            double[] cost = new double[from.length * n];
            Arrays.setAll(cost, at -> {
                double dx = from[at / n][0] - to[at % n][0];
                double dy = from[at / n][1] - to[at % n][1];
                return dx * dx + dy * dy;
            });
            return scaled(cost);
        }

        @Override
        public double[] a() {
            return even(from.length);
        }

        @Override
        public double[] b() {
            return even(to.length);
        }

        private static double[] even(int count) {
            double[] masses = new double[count];
            Arrays.fill(masses, 1.0 / count);
            return masses;
        }

        @Override
        public String describe() {
            return "clouds of " + from.length + " and " + to.length + " points";
        }
    }

    private static double[] scaled(double[] cost) {
        double largest = Arrays.stream(cost).max().orElseThrow();
        return Arrays.stream(cost).map(c -> c / largest).toArray();
    }
}

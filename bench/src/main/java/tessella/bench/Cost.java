package tessella.bench;

import tessella.engine.NdArray;

/**
 * What one call must do, whoever computes it: the operations of its definition, a function such as exp counted as one, and the
 * bytes of its operands read once and of its results written once. What an implementation does beyond (packing, recomputed
 * weights, polynomials) is not counted, so no trick raises a figure but by taking less time.
 *
 * @param flop floating-point operations
 * @param bytes read and written
 */
record Cost(double flop, double bytes) {
    /** So many operations on arrays that are each read or written once. */
    static Cost of(double flop, NdArray... moved) {
        double bytes = 0;
        for (NdArray array : moved) {
            bytes += (double) array.size() * array.dtype().bytes();
        }
        return new Cost(flop, bytes);
    }

    Cost plus(Cost other) {
        return new Cost(flop + other.flop, bytes + other.bytes);
    }
}

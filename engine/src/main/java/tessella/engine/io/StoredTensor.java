package tessella.engine.io;

import tessella.engine.Shape;

/**
 * What the header of a file says about one tensor.
 *
 * @param name the name
 * @param type how the elements are stored
 * @param shape the shape
 * @param offset where the elements start, in bytes from the start of the file
 */
public record StoredTensor(String name, StoredType type, Shape shape, long offset) {
    /** Bytes of all elements. */
    public long bytes() {
        return shape.size() * type.bytes();
    }

    /** Where the elements end, in bytes from the start of the file. */
    public long end() {
        return offset + bytes();
    }

    StoredArray stored() {
        return new StoredArray(type, shape, StoredArray.Order.ROW_MAJOR);
    }

    /** The name, type and shape. */
    @Override
    public String toString() {
        return name + " " + type + " " + shape;
    }
}

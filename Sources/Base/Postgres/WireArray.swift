/// The binary form of arrays.
public enum WireArray {
    /// The reason why bytes are not an array.
    public enum Problem: Error {
        case dimensions(Int)
        case malformed
    }

    /// Passes the elements of a one-dimensional array in order, nil for NULL.
    ///
    /// Layout: dimensions, flags, element type (Int32 each), then length and lower bound of the dimension, then
    /// elements.
    public static func forEach(
        _ value: UnsafeRawBufferPointer, _ element: (UnsafeRawBufferPointer?) -> Void
    ) throws(Problem) {
        guard let dimensions = value.bigEndianInt32(at: 0) else { throw .malformed }
        if dimensions == 0 { return }
        guard dimensions == 1 else { throw .dimensions(Int(dimensions)) }
        guard let count = value.bigEndianInt32(at: 12), count >= 0 else { throw .malformed }
        var position = 20
        for _ in 0..<count {
            guard let length = value.bigEndianInt32(at: position) else { throw .malformed }
            position += 4
            if length == -1 {
                element(nil)
                continue
            }
            guard length >= 0, position + Int(length) <= value.count else { throw .malformed }
            element(UnsafeRawBufferPointer(rebasing: value[position..<position + Int(length)]))
            position += Int(length)
        }
    }
}

/// A fixed number of floats, 64-byte aligned, zero at first: what kernels read and write.
///
/// Unlike `[Float]` it can be written from several threads at once; whoever does so keeps to disjoint ranges. Pointers
/// are lent to a closure only.
public final class FloatArray: @unchecked Sendable {
    public let count: Int
    @usableFromInline let base: UnsafeMutablePointer<Float>

    public init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(1, count))
        base.initialize(repeating: 0, count: max(1, count))
    }

    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { base[index] = value }
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    @inlinable
    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return base[index]
        }
        set {
            precondition(index >= 0 && index < count)
            base[index] = newValue
        }
    }

    public var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Lends the floats to a kernel.
    @inlinable @inline(__always)
    package func lend<Result>(_ body: (UnsafeMutablePointer<Float>) throws -> Result) rethrows -> Result {
        try body(base)
    }
}

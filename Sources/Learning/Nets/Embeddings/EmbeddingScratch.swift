import Arrays

/// Where an id's gradient is summed during one update of one field.
final class EmbeddingScratch: @unchecked Sendable {
    /// Slot of each id, −1 where the batch has not met it.
    private let slots: UnsafeMutablePointer<Int32>
    /// Ids by their slot.
    private var touched: UnsafeMutablePointer<Int32>
    private var capacity = 0
    private var sums = FloatArray(count: 0)

    init(rows: Int) {
        slots = .allocate(capacity: rows)
        slots.initialize(repeating: -1, count: rows)
        touched = .allocate(capacity: 1)
    }

    deinit {
        slots.deallocate()
        touched.deallocate()
    }

    /// Makes room for a number of ids, none of them twice.
    func reserve(ids: Int, dim: Int) {
        guard ids > capacity else { return }
        capacity = ids
        touched.deallocate()
        touched = .allocate(capacity: ids)
        touched.initialize(repeating: 0, count: ids)
        sums = FloatArray(count: ids * dim)
    }

    @inline(__always)
    func lend(
        _ body: (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Float>) -> Void
    ) {
        sums.lend { body(slots, touched, $0) }
    }
}

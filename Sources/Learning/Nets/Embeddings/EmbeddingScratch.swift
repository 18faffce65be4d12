import Arrays

/// Where the ids of one table are numbered and their gradients summed, for one batch at a time.
final class EmbeddingScratch: @unchecked Sendable {
    /// Number of each id, −1 where the batch has not met it.
    private var slots: UnsafeMutablePointer<Int32>
    private var rows: Int
    /// Ids by their number.
    private var touched: UnsafeMutablePointer<Int32>
    private var capacity = 0
    private var sums = FloatArray(count: 0)

    init(rows: Int) {
        self.rows = rows
        slots = .allocate(capacity: rows)
        slots.initialize(repeating: -1, count: rows)
        touched = .allocate(capacity: 1)
    }

    deinit {
        slots.deallocate()
        touched.deallocate()
    }

    /// Makes room for ids below a number: those that a rank borrows may be more than it keeps.
    func reserve(rows: Int) {
        guard rows > self.rows else { return }
        // Batches differ a little; a step that grows should be rare.
        let rows = rows * 5 / 4
        slots.deallocate()
        slots = .allocate(capacity: rows)
        slots.initialize(repeating: -1, count: rows)
        self.rows = rows
    }

    /// Makes room for a number of distinct ids.
    func reserve(ids: Int, dim: Int) {
        guard ids > capacity else { return }
        capacity = ids
        touched.deallocate()
        touched = .allocate(capacity: ids)
        touched.initialize(repeating: 0, count: ids)
        sums = FloatArray(count: ids * dim)
    }

    /// Numbers ids in the order in which they first come.
    ///
    /// - Parameters:
    ///   - distinct: empty; takes each id once.
    ///   - numbers: takes each value's number; has room for them.
    func numbered(_ values: ArraySlice<UInt32>, into distinct: inout [UInt32], _ numbers: inout [Int32]) {
        let rows = rows
        values.withUnsafeBufferPointer { values in
            numbers.withUnsafeMutableBufferPointer { numbers in
                for (place, id) in values.enumerated() {
                    // Whoever makes ids makes them by the field's rows; a wrong one must not reach foreign memory.
                    precondition(Int(id) < rows)
                    if slots[Int(id)] < 0 {
                        slots[Int(id)] = Int32(truncatingIfNeeded: distinct.count)
                        distinct.append(id)
                    }
                    numbers[place] = slots[Int(id)]
                }
            }
        }
        for id in distinct { slots[Int(id)] = -1 }
    }

    @inline(__always)
    func lend(
        _ body: (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Float>) -> Void
    ) {
        sums.lend { body(slots, touched, $0) }
    }
}

/// Where the ids of one field occur in a batch: each distinct id with the rows that have it. Made anew for every batch,
/// without asking for memory after the first few.
package final class FieldOccurrences: @unchecked Sendable {
    /// Distinct ids, and values of all rows.
    package private(set) var count = 0, values = 0
    /// Distinct ids in the order in which they first come.
    private(set) var ids: [UInt32] = []
    /// For each value the place of its id in `ids`.
    private(set) var slots: [Int32] = []
    /// For each distinct id where its rows begin in `rows`; one number more, their end.
    private(set) var starts: [Int32] = [0]
    /// Rows by distinct id, each in the batch's order, and what share of their row's input the id is.
    private(set) var rows: [Int32] = []
    private(set) var shares: [Float] = []
    /// Whether some share is not 1.
    private(set) var hasShares = false
    private var next: [Int32] = []

    package init() {}

    /// Takes the ids of a field.
    ///
    /// - Parameters:
    ///   - takesMean: whether several ids of a row become their mean.
    ///   - scratch: of the field's table.
    func take(_ field: FieldIDs, rows batchRows: Int, takesMean: Bool, _ scratch: EmbeddingScratch) {
        begin(field, batchRows, takesMean)
        scratch.numbered(field.ids[..<values], into: &ids, &slots)
        count = ids.count
        Self.resize(&next, to: values, of: 0)
        Self.resize(&starts, to: count + 1, of: 0)
        Self.resize(&rows, to: values, of: 0)
        if hasShares { Self.resize(&shares, to: values, of: 1) }
        sortRows(field, batchRows)
    }

    /// Takes the distinct ids of a field alone, which is all that rows need that only go forward.
    ///
    /// - Parameters:
    ///   - takesMean: whether several ids of a row become their mean.
    ///   - storedRows: that the field's table has.
    func take(
        distinct field: FieldIDs, rows batchRows: Int, takesMean: Bool, below storedRows: Int, _ numbers: IDNumbers
    ) {
        begin(field, batchRows, takesMean)
        numbers.number(field.ids[..<values], below: storedRows, into: &ids, &slots)
        count = ids.count
    }

    private func begin(_ field: FieldIDs, _ batchRows: Int, _ takesMean: Bool) {
        values = batchRows == 0 ? 0 : field.range(batchRows - 1).upperBound
        precondition(values <= field.ids.count)
        hasShares = takesMean && field.offsets != nil
        ids.removeAll(keepingCapacity: true)
        Self.resize(&slots, to: values, of: 0)
    }

    /// Counts each id's values and deals the rows out, id by id.
    private func sortRows(_ field: FieldIDs, _ batchRows: Int) {
        let (count, values, hasShares) = (count, values, hasShares)
        slots.withUnsafeBufferPointer { slots in
            starts.withUnsafeMutableBufferPointer { starts in
                for slot in 0...count { starts[slot] = 0 }
                for value in 0..<values { starts[Int(slots[value]) &+ 1] &+= 1 }
                for slot in 0..<count { starts[slot &+ 1] &+= starts[slot] }
                next.withUnsafeMutableBufferPointer { next in
                    for slot in 0..<count { next[slot] = starts[slot] }
                }
            }
            rows.withUnsafeMutableBufferPointer { rows in
                next.withUnsafeMutableBufferPointer { next in
                    shares.withUnsafeMutableBufferPointer { shares in
                        for row in 0..<batchRows {
                            let range = field.range(row)
                            for value in range {
                                let slot = Int(slots[value])
                                let place = Int(next[slot])
                                next[slot] &+= 1
                                rows[place] = Int32(truncatingIfNeeded: row)
                                if hasShares { shares[place] = 1 / Float(range.count) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Makes an array long enough; it never gets shorter, so that a batch like the last ones asks for no memory.
    static func resize<Element>(_ array: inout [Element], to count: Int, of element: Element) {
        if array.count < count { array.append(contentsOf: repeatElement(element, count: count - array.count)) }
    }

    /// Calls `body` with each distinct id's place, each of its rows and the row's share.
    @inline(__always)
    func forEachRow(_ body: (_ slot: Int, _ row: Int, _ share: Float) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            rows.withUnsafeBufferPointer { rows in
                shares.withUnsafeBufferPointer { shares in
                    for slot in 0..<count {
                        for place in Int(starts[slot])..<Int(starts[slot &+ 1]) {
                            body(slot, Int(rows[place]), hasShares ? shares[place] : 1)
                        }
                    }
                }
            }
        }
    }
}

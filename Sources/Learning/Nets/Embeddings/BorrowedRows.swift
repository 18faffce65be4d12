import Arrays

/// Rows of a batch's ids that this rank has from those who keep them, and their gradients: what a sharded table is for
/// the nets during one step. Ids are slots here.
final class BorrowedRows: @unchecked Sendable {
    /// The rows of each field with its own table, `[slots, dim]`; larger than what is in use.
    private(set) var rows, gradients: [FloatArray]
    /// Slots in use. `[fields]`
    private(set) var counts: [Int]

    init(fields: Int) {
        rows = (0..<fields).map { _ in FloatArray(count: 0) }
        gradients = rows
        counts = [Int](repeating: 0, count: fields)
    }

    /// Makes room for a number of slots of a field; what was there is lost.
    func reserve(field: Int, slots: Int, dim: Int) {
        counts[field] = slots
        guard slots * dim > rows[field].count else { return }
        // Batches differ a little; a step that grows should be rare.
        rows[field] = FloatArray(count: slots * dim * 5 / 4)
        gradients[field] = FloatArray(count: slots * dim * 5 / 4)
    }
}

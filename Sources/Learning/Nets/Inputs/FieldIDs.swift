/// The ids of one field for the rows of a batch: one each, or `offsets[r]..<offsets[r + 1]` of them.
public struct FieldIDs: Sendable {
    public var ids: [UInt32]
    /// Nil for single-valued fields.
    public var offsets: [UInt32]?

    public init(ids: [UInt32], offsets: [UInt32]? = nil) {
        self.ids = ids
        self.offsets = offsets
    }

    @inline(__always)
    package func range(_ row: Int) -> Range<Int> {
        guard let offsets else { return row..<row + 1 }
        return Int(offsets[row])..<Int(offsets[row + 1])
    }
}

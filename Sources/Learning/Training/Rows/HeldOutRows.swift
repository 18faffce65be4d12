import FeatureCache

/// The rows that nets are judged on while they are trained.
package struct HeldOutRows: Sendable {
    package let blocks: [@Sendable () throws -> SparseBatch]
    /// Rows that are scored together.
    let rowsAtOnce: Int
    private let lookup: RowLookup

    init(blocks: [@Sendable () throws -> SparseBatch], rowsAtOnce: Int, lookup: RowLookup) {
        self.blocks = blocks
        self.rowsAtOnce = rowsAtOnce
        self.lookup = lookup
    }

    /// A block's rows in parts that are scored together.
    package func pieces(of block: SparseBatch) -> [InputRows] {
        stride(from: 0, to: block.rows, by: rowsAtOnce).map { start in
            InputRows(block.selecting(rows: Array(start..<min(start + rowsAtOnce, block.rows))), lookup)
        }
    }

    /// None of a block's rows, for a peer that has no more to score.
    package func nothing(of block: SparseBatch) -> InputRows { InputRows(block.selecting(rows: []), lookup) }
}

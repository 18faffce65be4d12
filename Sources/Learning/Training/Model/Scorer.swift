import Arrays
import FeatureCache
import Nets

/// Scores rows with one net on the calling thread. Keeps its scratch between calls, so it is used by one thread at a
/// time.
public final class Scorer {
    private let workspace: BranchWorkspace
    private let lookup: RowLookup
    private static let chunk = 512

    init(_ branch: Branch) {
        workspace = BranchWorkspace(branch, rows: Self.chunk)
        lookup = RowLookup(branch.ids)
    }

    /// The logits of all rows. `[rows]`
    public func logits(_ batch: SparseBatch) -> [Float] {
        var logits = [Float](repeating: 0, count: batch.rows)
        score(batch, into: &logits)
        return logits
    }

    /// Writes the logits of all rows into `logits`, which has room for them.
    public func score(_ batch: SparseBatch, into logits: inout [Float]) {
        Parallel.useOneThreadHere()
        var start = 0
        while start < batch.rows {
            let rows = min(Self.chunk, batch.rows - start)
            let part = rows == batch.rows ? batch : batch.selecting(rows: Array(start..<start + rows))
            workspace.score(InputRows(part, lookup), rows: 0..<rows)
            for row in 0..<rows { logits[start + row] = workspace.logits[row] }
            start += rows
        }
    }
}

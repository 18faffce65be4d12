import Arrays
import FeatureCache
import Nets

/// Scores rows with one net on the calling thread. Keeps its scratch between calls, so it is used by one thread at a
/// time.
public final class Scorer {
    private let scorer: BranchScorer
    private let lookup: RowLookup

    init(_ branch: Branch) {
        scorer = BranchScorer(branch)
        lookup = RowLookup(branch.ids)
    }

    /// Share of the fields that went through the first layer by ids in the last batch.
    package var fieldsByIDs: Double { scorer.shareByIDs }

    /// Chooses by other costs than this machine's; for tests and measurements.
    package func choose(_ cost: FirstLayerCost) { scorer.choose(cost) }

    /// The logits of all rows. `[rows]`
    public func logits(_ batch: SparseBatch) -> [Float] {
        var logits = [Float](repeating: 0, count: batch.rows)
        score(batch, into: &logits)
        return logits
    }

    /// Writes the logits of all rows into `logits`, which has room for them.
    public func score(_ batch: SparseBatch, into logits: inout [Float]) {
        var start = 0
        while start < batch.rows {
            let rows = min(BranchScorer.batch, batch.rows - start)
            let part = rows == batch.rows ? batch : batch.selecting(rows: Array(start..<start + rows))
            scorer.score(InputRows(part, lookup).sparse)
            for row in 0..<rows { logits[start + row] = scorer.logits[row] }
            start += rows
        }
    }
}

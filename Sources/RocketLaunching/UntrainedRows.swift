import Collectives
import Nets

extension CoTrainedModel {
    /// Gives rows that no training row had the mean of those that were trained; linear weights of such ids are 0 from the start.
    ///
    /// - Parameter kept: copies of the branches whose rows are to be set instead.
    func setUntrainedRows(
        _ which: EmbeddingTables.UntrainedRows, kept: (light: Branch?, booster: Branch?) = (nil, nil),
        over collective: any Collective
    ) throws {
        for (branch, kept) in [(lightBranch, kept.light), (boosterBranch, kept.booster)] {
            guard let tables = branch?.embeddings else { continue }
            let weights = kept?.embeddings ?? tables
            var sums = tables.sumsOfTrainedRows(which, of: weights)
            guard !sums.isEmpty else { continue }
            if collective.isShared { sums = try collective.startGather(sums).sum() }
            tables.setUntrainedRows(which, of: weights, toMeanOf: sums)
        }
    }
}

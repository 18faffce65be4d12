import Collectives
import Nets
import RocketLaunching

extension CoTrainedModel {
    /// Gives rows that no training row had the mean of those that were trained; linear weights of such ids are 0 from the start.
    ///
    /// - Parameter kept: copies of the branches whose rows are to be set instead.
    func setUntrainedRows(
        _ which: EmbeddingTables.UntrainedRows, kept: [Net: Branch] = [:],
        over collective: any Collective
    ) throws {
        for (net, branch) in branches {
            let tables = branch.embeddings
            let weights = kept[net]?.embeddings ?? tables
            var sums = tables.sumsOfTrainedRows(which, of: weights)
            guard !sums.isEmpty else { continue }
            if collective.isShared { sums = try collective.startGather(sums).sum() }
            tables.setUntrainedRows(which, of: weights, toMeanOf: sums)
        }
    }
}

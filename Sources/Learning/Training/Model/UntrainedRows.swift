import Nets
import RocketLaunching

extension CoTrainedModel {
    /// Gives rows that no training row had the mean of those that were trained; linear weights of such ids are 0 from
    /// the start.
    ///
    /// - Parameter kept: copies of the branches whose rows are to be set instead.
    func setUntrainedRows(
        _ which: EmbeddingTables.UntrainedRows, kept: [Net: Branch] = [:],
        _ peers: any Peers
    ) throws {
        for (net, branch) in branches {
            let tables = branch.embeddings
            let weights = kept[net]?.embeddings ?? tables
            let sums = tables.sumsOfTrainedRows(which, of: weights)
            guard !sums.isEmpty else { continue }
            tables.setUntrainedRows(which, of: weights, toMeanOf: try peers.sum(sums))
        }
    }
}

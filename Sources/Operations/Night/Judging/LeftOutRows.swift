import Extract
import FeatureCache
import Foundation
import RocketLaunching
import Training

/// The latest rows of some cache files, for nets that were trained without them.
package struct LeftOutRows {
    /// `[rows]`
    package let labels: [UInt8]
    /// Users' hashes; empty: the job file names no group. `[rows]` or `[]`
    package let groups: [UInt64]
    private let blocks: [@Sendable () throws -> SparseBatch]

    package init(
        _ part: HeldOut, of entries: [CacheManifest.Entry], _ extraction: Extraction, hasGroups: Bool
    ) throws {
        let source = try TrainingSource(readers: extraction.readers(of: entries)).holdingOut(part).heldOut
        blocks = source.blocks
        var (labels, groups): ([UInt8], [UInt64]) = ([], [])
        for block in blocks {
            let block = try block()
            labels += block.labels
            if hasGroups { groups += block.groups }
        }
        (self.labels, self.groups) = (labels, groups)
    }

    package var clicks: Int { labels.reduce(0) { $0 + Int($1) } }

    /// What a trained arm's nets give the rows; a net that the arm has not is missing. `[rows]` each
    package func probabilities(_ trained: TrainedArm) throws -> [Net: [Float]] {
        var probabilities: [Net: [Float]] = [:]
        for net in trained.model.lightNets + [.booster] {
            guard let scorer = trained.model.scorer(of: net) else { continue }
            probabilities[net] = try blocks.flatMap { block in
                try scorer.logits(block()).map { 1 / (1 + exp(-$0)) }
            }
        }
        return probabilities
    }
}

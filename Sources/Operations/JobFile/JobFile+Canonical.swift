import AdLogs
import Features
import Foundation
import Nets
import RocketLaunching
import Training

extension JobFile {
    /// Canonical JSON of everything in the file that the trained weights depend on: log source, features, nets, rocket
    /// and training settings, without the number of threads and what else changes no weight. Equal texts on the same
    /// log give equal weights; comments, order of keys, paths and the way of measuring do not matter.
    public func fingerprintText() throws -> String {
        var training = training
        training.machine.threads = nil
        training.machine.rankTimeout = nil
        training.machine.checkpointMinutes = 0
        return try Self.canonicalJSON(
            TrainedBy(source: source, features: features, nets: nets, rocket: rocket, training: training))
    }

    /// Canonical JSON of everything in the file that the cache's bytes depend on: log source, features, and the columns
    /// that are cached for the evaluation.
    public func extractionText() throws -> String {
        try Self.canonicalJSON(
            ExtractedBy(
                source: source, features: features.asCached, group: evaluation.group,
                trueProbability: evaluation.trueProbability, shards: extraction.shards))
    }

    private struct TrainedBy: Encodable {
        var source: LogSource
        var features: FeatureSpecification
        var nets: NetSpecification
        var rocket: RocketSpecification
        var training: TrainingSpecification
    }

    private struct ExtractedBy: Encodable {
        var source: LogSource
        var features: FeatureSpecification
        var group: String?
        var trueProbability: String?
        var shards: Int
    }

    /// Sorted keys, no white space, absent values left out.
    private static func canonicalJSON(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

import Days
import Evaluation
import Extract
import FeatureCache
import Foundation
import Logging
import ModelRegistry
import RocketLaunching

extension JobSession {
    /// Judges each net that an arm trained on a cached day.
    func evaluate(_ trained: CoTrainedModel, arm: Arm, on entries: [CacheManifest.Entry]) throws -> [NetEvaluation] {
        let readers = try openCache(entries)
        let total = entries.reduce(0) { $0 + $1.rows }
        let nets: [(name: String, scorer: Scorer)] = [("light", trained.light), ("booster", trained.booster)]
            .compactMap { name, scorer in scorer.map { (name, $0) } }
        var labels: [UInt8] = []
        var groups: [UInt64] = []
        var truth: [Float] = []
        var scores = [[Float]](repeating: [], count: nets.count)
        for (reader, index) in readers.flatMap({ reader in (0..<reader.blockCount).map { (reader, $0) } }) {
            let block = try reader.block(index)
            labels += block.labels
            groups += block.groups
            truth += block.truth
            for (net, entry) in nets.enumerated() {
                scores[net] += entry.scorer.logits(block).map { 1 / (1 + exp(-$0)) }
            }
            progress(
                StageProgress(title: "evaluate \(arm.rawValue)", done: labels.count, total: total, unit: "rows"))
        }
        let oracle =
            truth.isEmpty || truth.contains(where: \.isNaN)
            ? nil : try EvaluationReport.auc(of: truth, labels: labels)
        guard let day = entries.first?.day else { return [] }
        return try nets.enumerated().map { index, net in
            NetEvaluation(
                day: day, arm: arm.rawValue, net: net.name,
                report: try EvaluationReport.measure(
                    labels: labels, probabilities: scores[index],
                    groups: jobFile.evaluation.group == nil ? [] : groups),
                oracleAUC: oracle)
        }
    }

    /// Measures how long both nets take, on rows of the evaluated day, for each configured batch size.
    func measureLatency(_ trained: CoTrainedModel, on entries: [CacheManifest.Entry]) throws -> [LatencyReport] {
        guard let light = trained.light, let booster = trained.booster else { return [] }
        guard let reader = try openCache(entries).first(where: { $0.blockCount > 0 }) else { return [] }
        let block = try reader.block(0)
        let specification = jobFile.evaluation.latency
        return specification.batchSizes.flatMap { size in
            progress(StageProgress(title: "latency", done: size, total: nil, unit: "candidates a call"))
            // A day with fewer rows than a batch is gone through again.
            let request = block.selecting(rows: (0..<size).map { $0 % block.rows })
            var output = [Float](repeating: 0, count: size)
            let (first, second) = LatencyProbe(calls: specification.calls).measure(
                net: "light", against: "booster", batchSize: size, call: { light.score(request, into: &output) },
                otherCall: { booster.score(request, into: &output) })
            return [first, second]
        }
    }
}

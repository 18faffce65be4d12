import Days
import Evaluation
import Extract
import FeatureCache
import Foundation
import Logging
import ModelRegistry
import RocketLaunching

/// What nets gave the impressions of a day.
struct ScoredDay {
    let day: Day
    let labels: [UInt8]
    let groups: [UInt64]
    /// Generated logs: the probabilities that clicks were drawn with; otherwise empty.
    let truth: [Float]
    /// The ids of the features that the day is sliced by.
    let sliceColumns: [String: FieldColumn]
    let nets: [Net]

    struct Net {
        /// How it was trained, or `live`.
        let arm: String
        /// `light` or `booster`.
        let name: String
        /// `[rows]`
        let probabilities: [Float]
    }

    func net(_ name: String, of arm: String) -> Net? { nets.first { $0.arm == arm && $0.name == name } }
}

extension JobSession {
    /// Judges each net that an arm trained on a cached day.
    func evaluate(_ trained: CoTrainedModel, arm: Arm, on entries: [CacheManifest.Entry]) throws -> [NetEvaluation] {
        try evaluations(of: score([(arm.rawValue, trained)], on: entries))
    }

    /// Scores a cached day, of which there is at least one file, with all nets of some models.
    func score(_ models: [(arm: String, model: CoTrainedModel)], on entries: [CacheManifest.Entry]) throws -> ScoredDay
    {
        let total = entries.reduce(0) { $0 + $1.rows }
        let nets = models.flatMap { arm, model in
            [("light", model.light), ("booster", model.booster)].compactMap { name, scorer in
                scorer.map { (arm: arm, name: name, scorer: $0) }
            }
        }
        var labels: [UInt8] = []
        var groups: [UInt64] = []
        var truth: [Float] = []
        var scores = [[Float]](repeating: [], count: nets.count)
        let sliced = jobFile.features.fields.enumerated().filter { jobFile.evaluation.slices.contains($1.name) }
        var columns = SparseBatch(
            fields: sliced.map { $1.kind == .multiValued ? .multi(offsets: [0], ids: []) : .single([]) })
        for reader in try openCache(entries) {
            for index in 0..<reader.blockCount {
                let block = try reader.block(index)
                labels += block.labels
                groups += block.groups
                truth += block.truth
                columns.append(
                    SparseBatch(
                        labels: block.labels, groups: block.groups, fields: sliced.map { block.fields[$0.offset] }))
                for (net, entry) in nets.enumerated() {
                    scores[net] += entry.scorer.logits(block).map { 1 / (1 + exp(-$0)) }
                }
                try progress(StageProgress(title: "evaluate", done: labels.count, total: total, unit: "rows"))
            }
        }
        return ScoredDay(
            day: entries[0].day, labels: labels, groups: jobFile.evaluation.group == nil ? [] : groups,
            truth: truth.contains(where: \.isNaN) ? [] : truth,
            sliceColumns: Dictionary(
                uniqueKeysWithValues: zip(sliced, columns.fields).map { ($0.element.name, $1) }),
            nets: zip(nets, scores).map { ScoredDay.Net(arm: $0.arm, name: $0.name, probabilities: $1) })
    }

    /// Every net's figures but the live one's, which belong to another version.
    func evaluations(of scored: ScoredDay) throws -> [NetEvaluation] {
        let oracle = scored.truth.isEmpty ? nil : try EvaluationReport.auc(of: scored.truth, labels: scored.labels)
        return try scored.nets.filter { $0.arm != LiveModel.arm }.map { net in
            NetEvaluation(
                day: scored.day, arm: net.arm, net: net.name,
                report: try EvaluationReport.measure(
                    labels: scored.labels, probabilities: net.probabilities, groups: scored.groups),
                oracleAUC: oracle)
        }
    }
}

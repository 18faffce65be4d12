import CounterRandom
import Days
import Evaluation
import Extract
import FeatureCache
import Foundation
import JobFile
import ModelRegistry
import RocketLaunching
import Runs
import Training

/// Measures what drives the light net on a judged day: it scores impressions again with the values of one feature dealt
/// among them at random. Costs one scoring of the sample for each feature, on one thread.
struct FeatureImportance {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        (self.context, self.databases, self.recorder) = (context, databases, recorder)
    }

    /// The features by how much log loss rises without them; empty where the job file asks for none, or the net gives
    /// no finite number.
    ///
    /// - Parameter light: the net that is served.
    func measure(
        _ model: CoTrainedModel, _ light: String, on entries: [CacheManifest.Entry]
    ) throws -> [ImportanceMeasurement] {
        let wanted = context.jobFile.evaluation.importanceRows
        guard wanted > 0, let net = model.scorer(of: .light(light)), let day = entries.first?.day else { return [] }
        func size(_ measured: [ImportanceMeasurement]) -> (rows: Int?, bytes: Int?) {
            (measured.first?.impressions, nil)
        }
        return try recorder.stage("importance", detail: day.description, size: size) {
            let sample = try sample(wanted, of: entries, net)
            guard sample.rows > 1 else { return [] }
            let whole = Scores(of: sample, net)
            let dealt = sample.selecting(rows: permutation(of: sample.rows, seed: context.jobFile.training.seed))
            let features = context.jobFile.features
            let columns =
                features.fields.indices.map { (name: features.fields[$0].name, isField: true, index: $0) }
                + features.numerics.indices.map { (name: features.numerics[$0].name, isField: false, index: $0) }
            let importances = try columns.enumerated().map { done, column in
                try recorder.progress(
                    StageProgress(title: "importance", done: done, total: columns.count, unit: "features"))
                var changed = sample
                if column.isField {
                    changed.fields[column.index] = dealt.fields[column.index]
                } else {
                    changed.numerics[column.index] = dealt.numerics[column.index]
                }
                let without = Scores(of: changed, net)
                let (rise, error) = without.rise(over: whole)
                return ImportanceMeasurement(
                    day: day, feature: column.name, impressions: sample.rows, auc: try whole.auc(sample.labels),
                    aucWithout: try without.auc(sample.labels), logLossRise: rise, standardError: error)
            }
            try recorder.progress(
                StageProgress(title: "importance", done: columns.count, total: columns.count, unit: "features"))
            return importances.sorted { $0.logLossRise > $1.logLossRise }
        }
    }

    /// Impressions evenly spread over the day, for which the net gives a finite number. Reads the whole day.
    private func sample(_ wanted: Int, of entries: [CacheManifest.Entry], _ net: Scorer) throws -> SparseBatch {
        let total = entries.reduce(0) { $0 + $1.rows }
        let share = min(1, Double(wanted) / Double(max(1, total)))
        var sample: SparseBatch?
        var done = 0
        for reader in try databases.extraction.readers(of: entries) {
            for number in 0..<reader.blockCount {
                var block = try reader.block(number)
                let rows = (0..<block.rows).filter { row in
                    Int(Double(done + row) * share) != Int(Double(done + row + 1) * share)
                }
                done += block.rows
                try recorder.progress(
                    StageProgress(title: "importance, sample", done: done, total: total, unit: "rows"))
                block = block.selecting(rows: rows)
                let logits = net.logits(block)
                if !logits.allSatisfy(\.isFinite) {
                    block = block.selecting(rows: block.labels.indices.filter { logits[$0].isFinite })
                }
                if sample == nil { sample = block } else { sample?.append(block) }
            }
        }
        return sample ?? SparseBatch()
    }

    /// The same for the same seed and number of rows.
    private func permutation(of rows: Int, seed: UInt64) -> [Int] {
        var random = CounterRandom(seed: seed, stream: 0x494D_5000)
        return Array(0..<rows).shuffled(using: &random)
    }
}

/// What a net gives a sample.
private struct Scores {
    let probabilities: [Float]
    /// Cross-entropy of each row.
    let losses: [Double]

    init(of batch: SparseBatch, _ net: Scorer) {
        let logits = net.logits(batch)
        probabilities = logits.map { 1 / (1 + exp(-$0)) }
        losses = zip(logits, batch.labels).map { logit, label in
            let margin = Double(label == 1 ? -logit : logit)
            // log(1 + e^margin) without overflow.
            return max(margin, 0) + log1p(exp(-abs(margin)))
        }
    }

    func auc(_ labels: [UInt8]) throws -> Double? {
        guard probabilities.allSatisfy(\.isFinite) else { return nil }
        return try EvaluationReport.auc(of: probabilities, labels: labels)
    }

    /// The mean difference of the losses and its standard error.
    func rise(over whole: Scores) -> (mean: Double, error: Double?) {
        let differences = zip(losses, whole.losses).map { $0 - $1 }.filter(\.isFinite)
        guard !differences.isEmpty else { return (0, nil) }
        let count = Double(differences.count)
        let mean = differences.reduce(0, +) / count
        guard differences.count > 1 else { return (mean, nil) }
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / (count - 1) / count).squareRoot())
    }
}

import Evaluation
import Extract
import FeatureCache
import Foundation
import Logging
import ModelRegistry
import Nets
import RocketLaunching

/// Trained logistic regression and how its training went.
struct TrainedRegression {
    let model: LogisticRegression
    let report: LogisticRegression.Report

    var judged: JudgedNet {
        JudgedNet(arm: LogisticRegression.name, name: LogisticRegression.name, logits: model.logits)
    }
}

extension JobSession {
    /// The night's logistic regression; nil: the job file does not ask for it.
    func trainedRegression(
        on entries: [CacheManifest.Entry], _ recorder: RunRecorder
    ) throws -> TrainedRegression? {
        guard jobFile.evaluation.baselines.contains(.logisticRegression) else { return nil }
        return try recorder.stage("train", detail: LogisticRegression.name, size: { ($0.report.samples, nil) }) {
            try trainRegression(on: entries, seed: jobFile.training.seed)
        }
    }

    /// Trains logistic regression on cached days, on one thread.
    func trainRegression(on entries: [CacheManifest.Entry], seed: UInt64) throws -> TrainedRegression {
        let readers = try openCache(entries)
        let source = TrainingSource(readers: readers)
        let trainer = LogisticRegressionTrainer(
            layout: InputLayout(headers: readers.map(\.header), features: jobFile.features),
            clickRate: Double(source.clicks) / Double(max(1, source.rows)), seed: seed)
        let (model, report) = try trainer.train(on: source) { done in
            try progress(
                StageProgress(title: "train \(LogisticRegression.name)", done: done, total: nil, unit: "samples"))
        }
        log.info(
            """
            trained \(LogisticRegression.name): \(report.passes) passes over \(source.rows) rows at rate \
            \(report.learningRate), \(report.parameters) weights, \
            \(String(format: "%.1f", report.seconds)) s
            """)
        return TrainedRegression(model: model, report: report)
    }

    /// Says so where the light net is not better than logistic regression.
    func warnAgainstRegression(_ evaluations: [NetEvaluation]) {
        func report(_ arm: String, _ net: String) -> EvaluationReport? {
            evaluations.first { $0.arm == arm && $0.net == net }?.report
        }
        guard let light = report(Arm.rocket.rawValue, "light"),
            let regression = report(LogisticRegression.name, LogisticRegression.name),
            let auc = light.auc, let other = regression.auc, auc <= other || light.logLoss >= regression.logLoss
        else { return }
        func text(_ number: Double) -> String { String(format: "%.4f", number) }
        log.warning(
            """
            the light net is not better than logistic regression on this day: AUC \(text(auc)) against \(text(other)), log \
            loss \(text(light.logLoss)) against \(text(regression.logLoss)); look at epochs, learning rates and hash_bits
            """)
    }
}

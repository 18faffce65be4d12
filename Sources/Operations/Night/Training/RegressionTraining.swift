import Evaluation
import Extract
import FeatureCache
import Foundation
import Logging
import ModelRegistry
import Nets
import RocketLaunching
import Runs
import Training

/// Trained logistic regression and how its training went.
package struct TrainedRegression {
    let model: LogisticRegression
    package let report: LogisticRegression.Report

    package var judged: JudgedNet {
        JudgedNet(arm: LogisticRegression.name, name: LogisticRegression.name, logits: model.logits)
    }
}

/// Trains logistic regression on cached days.
package struct RegressionTraining {
    private let context: JobContext
    private let extraction: Extraction
    private let recorder: RunRecorder

    package init(_ context: JobContext, _ extraction: Extraction, _ recorder: RunRecorder) {
        (self.context, self.extraction, self.recorder) = (context, extraction, recorder)
    }

    /// The night's baseline; nil: the job file does not ask for it.
    func baseline(on entries: [CacheManifest.Entry]) throws -> TrainedRegression? {
        let jobFile = context.jobFile
        guard jobFile.evaluation.baselines.contains(.logisticRegression) else { return nil }
        func size(_ trained: TrainedRegression) -> (rows: Int?, bytes: Int?) { (trained.report.samples, nil) }
        return try recorder.stage("train", detail: LogisticRegression.name, size: size) {
            try train(on: entries, seed: jobFile.training.seed)
        }
    }

    /// Trains on one thread.
    package func train(on entries: [CacheManifest.Entry], seed: UInt64) throws -> TrainedRegression {
        let readers = try extraction.readers(of: entries)
        let source = TrainingSource(readers: readers)
        let trainer = LogisticRegressionTrainer(
            layout: InputLayout(headers: readers.map(\.header), features: context.jobFile.features),
            clickRate: Double(source.clicks) / Double(max(1, source.rows)), seed: seed)
        let (model, report) = try trainer.train(on: source) { done in
            try recorder.progress(
                StageProgress(title: "train \(LogisticRegression.name)", done: done, total: nil, unit: "samples"))
        }
        context.log.info(
            """
            trained \(LogisticRegression.name): \(report.passes) passes over \(source.rows) rows at rate \
            \(report.learningRate), \(report.parameters) weights, \
            \(String(format: "%.1f", report.seconds)) s
            """)
        return TrainedRegression(model: model, report: report)
    }
}

extension [NetEvaluation] {
    /// Says so where the light net is not better than logistic regression.
    ///
    /// - Parameter light: the net that is to be served.
    func warnAgainstRegression(_ light: String, _ log: Logger) {
        func report(_ arm: String, _ net: String) -> EvaluationReport? {
            first { $0.arm == arm && $0.net == net }?.report
        }
        guard let light = report(Arm.rocket.rawValue, light),
            let regression = report(LogisticRegression.name, LogisticRegression.name),
            let auc = light.auc, let other = regression.auc, auc <= other || light.logLoss >= regression.logLoss
        else { return }
        func text(_ number: Double) -> String { String(format: "%.4f", number) }
        log.warning(
            """
            the light net is not better than logistic regression on this day: AUC \(text(auc)) against \
            \(text(other)), log loss \(text(light.logLoss)) against \(text(regression.logLoss)); \
            promotion.beat_logistic_regression: true holds such a version back
            """)
    }
}

import Days
import Evaluation
import Extract
import Foundation
import ModelRegistry
import Nets
import RocketLaunching

/// The version that a new one would replace.
struct LiveModel {
    let version: Int
    let lineage: VersionLineage
    /// Nil where it cannot score this job's cache: it was made of other features, or its stored bytes are damaged.
    let model: CoTrainedModel?

    /// The name that its scores go by.
    static let arm = "live"
}

extension JobSession {
    /// The model's live version; nil: none.
    func liveModel() throws -> LiveModel? {
        let registry = ModelRegistry(connection)
        guard let version = try registry.live(model: jobFile.model) else { return nil }
        let lineage = try registry.lineage(of: version)
        let fits = lineage.specificationHash == specification.hash
        if !fits {
            log.warning(
                """
                live version \(version) was trained from other features or another source, so nothing can be compared with \
                it; promote the new one by hand: rocket models promote --force --reason …
                """)
        }
        return LiveModel(version: version, lineage: lineage, model: fits ? try model(of: version, registry) : nil)
    }

    /// The live version's nets; nil where its stored bytes are damaged: the night goes on, since without its new version
    /// there would be nothing to replace them with.
    private func model(of version: Int, _ registry: ModelRegistry) throws -> CoTrainedModel? {
        do {
            return try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        } catch let error as ModelRegistryError where error.isDamage {
            log.error(
                """
                live version \(version) cannot be compared with: \(error); promote the new one by hand: rocket models \
                promote --force --reason …
                """)
            return nil
        }
    }

    /// What the promotion gate says of the trained nets.
    ///
    /// - Parameters:
    ///   - comparisons: one of them with the live version's light net, where that can score the day.
    ///   - regression: the light net against logistic regression.
    ///   - deployment: the model's newest when the live version was read.
    func judge(
        on day: Day, comparisons: [ModelComparison], evaluations: [NetEvaluation], latencies: [LatencyReport],
        trained: ClosedRange<Day>, live: LiveModel?, regression: PromotionGate.Regression, deployment: Int
    ) throws -> GateRecord {
        let gate = jobFile.promotion
        let light = evaluations.first { $0.arm == Arm.rocket.rawValue && $0.net == "light" }?.report
        let slowest = latencies.filter { $0.net == "light" && $0.mode == .paced }.max { $0.batchSize < $1.batchSize }
        var findings = PromotionGate.Findings(
            clicks: light?.clicks ?? 0, pcoc: light?.pcoc, auc: light?.auc, logLoss: light?.logLoss,
            p99Microseconds: slowest?.p99Microseconds,
            coverage: try worstCoverage(on: day, against: trained),
            constant: try featuresGoneConstant(on: day, against: trained),
            live: live.map { live in
                PromotionGate.Live(
                    version: live.version, dayIsUnseen: live.lineage.trainedDays.upperBound < day,
                    difference: comparisons.first { $0.kind == .lightMinusLive && $0.metric == .auc }?.figures)
            })
        findings.regression = regression
        return GateRecord(
            decision: gate.decision(for: findings), day: day, judgedAfterDeployment: deployment)
    }

    /// The feature whose share of rows with a value fell most, and to which share of what it was on the training days.
    private func worstCoverage(on day: Day, against trained: ClosedRange<Day>) throws -> (
        feature: String, share: Double
    )? {
        try connection.execute(
            """
            SELECT now.feature, now.coverage / before.coverage AS share
            FROM rocket.feature_statistics now
            JOIN (
                SELECT feature, avg(coverage) AS coverage FROM rocket.feature_statistics
                WHERE specification_hash = $1 AND day BETWEEN $3::text::date AND $4::text::date GROUP BY feature
            ) before ON before.feature = now.feature AND before.coverage > 0
            WHERE now.specification_hash = $1 AND now.day = $2::text::date ORDER BY share, now.feature LIMIT 1
            """,
            [
                .text(specification.hash), .text(day.description), .text(trained.lowerBound.description),
                .text(trained.upperBound.description),
            ]
        ).first.map { (try $0.text("feature"), try $0.double("share")) }
    }
}

import Days
import Evaluation
import Extract
import JobFile
import Logging
import ModelRegistry
import RocketLaunching
import Runs

/// What the promotion gate has found of a night.
struct NightVerdict {
    let comparisons: [ModelComparison]
    /// Of light nets with the next smaller ones.
    let neighbours: [NetComparison]
    /// Nil: the gate was not asked.
    let record: GateRecord?
}

/// Compares a night's nets, and has the promotion gate judge the light one that is to be served.
struct NightGate {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder
    private let promotion: Promotion

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder, _ promotion: Promotion) {
        (self.context, self.databases, self.recorder, self.promotion) = (context, databases, recorder, promotion)
    }

    func verdict(on judged: JudgedNight) throws -> NightVerdict {
        try recorder.stage("gate") {
            let (comparisons, neighbours) = try NetComparisons(context.jobFile, recorder, judged).compare()
            guard promotion == .byGate else {
                return NightVerdict(comparisons: comparisons, neighbours: neighbours, record: nil)
            }
            let decision = context.jobFile.promotion.decision(for: try findings(judged, comparisons))
            return NightVerdict(
                comparisons: comparisons, neighbours: neighbours,
                record: GateRecord(
                    decision: decision, day: judged.night.evaluatedDay, judgedAfterDeployment: judged.deployment))
        }
    }

    private func findings(
        _ judged: JudgedNight, _ comparisons: [ModelComparison]
    ) throws -> PromotionGate.Findings {
        let (day, trained) = (judged.night.evaluatedDay, judged.night.trained)
        let light = judged.evaluations.first {
            $0.arm == Arm.rocket.rawValue && $0.net == judged.served.record.net
        }?.report
        let slowest = judged.latencies.filter { $0.net == judged.served.record.net && $0.mode == .paced }
            .max { $0.batchSize < $1.batchSize }
        let features = FeatureComparison(databases.results, specificationHash: context.specification.hash)
        let histories = Set(context.specification.features.histories.map(\.name))
        var findings = PromotionGate.Findings(
            clicks: light?.clicks ?? 0, pcoc: light?.pcoc, auc: light?.auc, logLoss: light?.logLoss,
            p99Microseconds: slowest?.p99Microseconds,
            coverage: try features.worstCoverage(on: day, since: trained, leavingOut: histories),
            constant: try features.goneConstant(on: day, since: trained, leavingOut: histories),
            live: judged.liveModel.map { live in
                PromotionGate.Live(
                    version: live.version, dayIsUnseen: live.lineage.trainedDays.upperBound < day,
                    difference: comparisons.first { $0.kind == .lightMinusLive && $0.metric == .auc }?.figures,
                    obstacle: judged.scored.liveObstacle)
            })
        findings.regression = try regression(judged, comparisons)
        findings.choice = judged.served.rule
        return findings
    }

    /// The light net against logistic regression; of a version that was made before, as it was compared then.
    private func regression(
        _ judged: JudgedNight, _ comparisons: [ModelComparison]
    ) throws -> PromotionGate.Regression {
        func figures(_ metric: ModelComparison.Metric) throws -> PairedComparison? {
            let kind = ModelComparison.Kind.lightMinusLogisticRegression
            if let figures = comparisons.first(where: { $0.kind == kind && $0.metric == metric })?.figures {
                return figures
            }
            return try judged.version.flatMap { version in
                try databases.registry.comparison(kind, metric, of: version, day: judged.night.evaluatedDay)
            }
        }
        return PromotionGate.Regression(auc: try figures(.auc), logLoss: try figures(.logLoss))
    }
}

extension GateDecision {
    /// Says what it means for a version.
    func tell(of version: Int, _ log: Logger) {
        guard verdict == .held else {
            log.info("version \(version) is live (\(verdict.rawValue))")
            return
        }
        let live = liveVersion.map { "version \($0) stays live" } ?? "nothing is live"
        for rule in rules where !rule.passed {
            log.warning("gate: \(rule)")
            log.warning("gate: \(rule.advice(version: version))")
        }
        log.warning(
            """
            version \(version) is held by the gate; \(live); more: rocket models show \(version), and rocket report \
            --model-version \(version) --html FILE
            """)
    }
}

import Days
import Evaluation
import ModelRegistry
import Postgres

/// The result of a night for a model: a version, its figures on the day it was judged on, and the verdict.
public struct NightReport: Sendable {
    public var day: Day
    public var version: Int
    public var state: String
    /// The light net that is served, whose figures are `light`.
    public var servedNet: String
    public var light, booster: Figures
    public var lightAloneAUC: Double?
    public var gapClosed: Double?
    /// The verdict: promoted, first_model or held; nil if the gate was not asked.
    public var verdict: String?
    /// The gate's rules that did not pass.
    public var failed: [PromotionGate.Rule]

    public struct Figures: Equatable, Sendable {
        public var auc: Double?
        public var aucStandardError: Double?
        public var pcoc: Double?
        /// Microseconds per call at the largest batch size, back to back.
        public var p50, p99: Double?
    }
}

/// A row of the ledger of deployments.
public struct DeploymentLine: Sendable {
    /// The action: promote, rollback or retire.
    public var action: String
    public var version: Int?
    public var previousVersion: Int?
    public var isForced: Bool
    public var reason: String?
    public var by: String
    /// The time in UTC.
    public var at: String
}

extension ReportReader {
    /// Returns the nights of a model, oldest first.
    ///
    /// - Parameter limit: The most nights to return; the newest are kept.
    public func nights(of model: String, limit: Int) throws -> [NightReport] {
        let failed = try failedRules(of: model)
        return try connection.execute(
            """
            SELECT * FROM (
                SELECT r.*, v.state, g.verdict, le.auc_standard_error AS light_se, be.auc_standard_error AS booster_se
                FROM rocket.model_versions v
                JOIN rocket.model_report r ON r.version = v.version AND r.evaluated_day = v.evaluated_day
                LEFT JOIN rocket.gate_verdicts g ON g.version = v.version
                LEFT JOIN rocket.evaluation_reports le ON le.version = v.version AND le.day = v.evaluated_day
                    AND le.arm = 'rocket' AND le.net = v.served_net
                LEFT JOIN rocket.evaluation_reports be ON be.version = v.version AND be.day = v.evaluated_day
                    AND be.arm = 'rocket' AND be.net = 'booster'
                WHERE v.model = $1 ORDER BY v.evaluated_day DESC, v.version DESC LIMIT $2) newest
            ORDER BY evaluated_day, version
            """, [.text(model), .int(limit)]
        ).map { row in
            func figures(_ net: String) throws -> NightReport.Figures {
                NightReport.Figures(
                    auc: try row.doubleOrNil("\(net)_auc"), aucStandardError: try row.doubleOrNil("\(net)_se"),
                    pcoc: try row.doubleOrNil("\(net)_pcoc"), p50: try row.doubleOrNil("\(net)_p50_us"),
                    p99: try row.doubleOrNil("\(net)_p99_us"))
            }
            let version = try row.int("version")
            return NightReport(
                day: try row.day("evaluated_day"), version: version, state: try row.text("state"),
                servedNet: try row.text("served_net"), light: try figures("light"), booster: try figures("booster"),
                lightAloneAUC: try row.doubleOrNil("light_alone_auc"), gapClosed: try row.doubleOrNil("gap_closed"),
                verdict: try row.textOrNil("verdict"), failed: failed[version] ?? [])
        }
    }

    /// Returns the runs of a model that failed, newest first.
    public func failedRuns(of model: String, limit: Int) throws -> [RunReport] {
        try runs(model: model, limit: 1_000).filter { ["failed", "died", "interrupted"].contains($0.status) }
            .prefix(limit).map { $0 }
    }

    /// Returns the deployments of a model, newest first.
    public func deployments(of model: String) throws -> [DeploymentLine] {
        try connection.execute(
            """
            SELECT *, to_char(deployed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at
            FROM rocket.deployments WHERE model = $1 ORDER BY deployment_id DESC
            """, [.text(model)]
        ).map { row in
            DeploymentLine(
                action: try row.text("action"), version: try row.intOrNil("version"),
                previousVersion: try row.intOrNil("previous_version"), isForced: try row.bool("forced"),
                reason: try row.textOrNil("reason"), by: try row.text("deployed_by"), at: try row.text("at"))
        }
    }

    /// Returns the newest experiment with a model's arms; empty if there is none.
    public func newestExperiment(of model: String) throws -> (day: Day?, lines: [ExperimentLine]) {
        let rows = try connection.execute(
            """
            SELECT fingerprint, evaluated_day FROM rocket.experiment_results WHERE model = $1
            ORDER BY created_at DESC LIMIT 1
            """, [.text(model)])
        guard let row = rows.first else { return (nil, []) }
        return (try row.day("evaluated_day"), try experiment(fingerprint: row.text("fingerprint")))
    }

    private func failedRules(of model: String) throws -> [Int: [PromotionGate.Rule]] {
        let rows = try connection.execute(
            """
            SELECT g.version, g.rule, g.value, g.lowest, g.highest, g.detail
            FROM rocket.gate_rules g JOIN rocket.model_versions v USING (version)
            WHERE v.model = $1 AND NOT g.passed ORDER BY g.version, g.rule
            """, [.text(model)])
        return try Dictionary(grouping: rows) { try $0.int("version") }.mapValues { rows in
            try rows.map { row in
                PromotionGate.Rule(
                    try row.text("rule"), try row.doubleOrNil("value"), lowest: try row.doubleOrNil("lowest"),
                    highest: try row.doubleOrNil("highest"), try row.text("detail"))
            }
        }
    }
}

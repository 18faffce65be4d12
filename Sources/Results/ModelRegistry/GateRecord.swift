import Days
import Evaluation
import Postgres

/// The gate's decision on a version about to be written, and the figures it examined.
public struct GateRecord: Sendable {
    public var decision: GateDecision
    public var day: Day
    /// The model's newest deployment at the time of judging; a later one voids the verdict.
    public var judgedAfterDeployment: Int

    public init(decision: GateDecision, day: Day, judgedAfterDeployment: Int) {
        self.decision = decision
        self.day = day
        self.judgedAfterDeployment = judgedAfterDeployment
    }
}

/// A difference with its uncertainty, as stored in `rocket.model_comparisons`.
public struct ModelComparison: Sendable {
    public enum Kind: String, Sendable {
        case lightMinusLive = "light_minus_live"
        case lightMinusBooster = "light_minus_booster"
        case gapClosed = "gap_closed"
        /// The light net in rocket minus the same net trained alone.
        case lightMinusLightAlone = "light_minus_light_alone"
        case boosterMinusBoosterAlone = "booster_minus_booster_alone"
        case lightMinusLogisticRegression = "light_minus_logistic_regression"
        /// The gap to close.
        case boosterAloneMinusLightAlone = "booster_alone_minus_light_alone"
    }

    public enum Metric: String, Sendable {
        case auc
        case logLoss = "log_loss"
    }

    public var kind: Kind
    public var metric: Metric
    public var liveVersion: Int?
    public var figures: PairedComparison

    public init(_ kind: Kind, _ metric: Metric = .auc, liveVersion: Int? = nil, _ figures: PairedComparison) {
        self.kind = kind
        self.metric = metric
        self.liveVersion = liveVersion
        self.figures = figures
    }
}

extension ModelRegistry {
    /// Writes the verdict and acts on it, within the transaction that writes the version.
    ///
    /// - Returns: The final decision: a version that lost the race for its place is held.
    func insert(_ gate: GateRecord, version: Int) throws -> GateDecision {
        var decision = gate.decision
        guard decision.verdict != .held else {
            try insert(decision, on: gate.day, version: version)
            return decision
        }
        // A lost race undoes only the promotion: the version itself, perhaps hours of training, is kept. A verdict is
        // written once, so the void one is undone too.
        try connection.script("SAVEPOINT promotion")
        do {
            try insert(decision, on: gate.day, version: version)
            _ = try promoteVerified(
                version: version, reason: nil, force: false, expecting: gate.judgedAfterDeployment)
        } catch {
            guard case .raced(let text)? = error as? ModelRegistryError else { throw error }
            try connection.script("ROLLBACK TO SAVEPOINT promotion")
            decision.verdict = .held
            decision.rules.append(PromotionGate.Rule("unchallenged", 0, lowest: 1, text))
            try insert(decision, on: gate.day, version: version)
        }
        return decision
    }

    private func insert(_ decision: GateDecision, on day: Day, version: Int) throws {
        try connection.execute(
            """
            INSERT INTO rocket.gate_verdicts (version, verdict, live_version, day)
            VALUES ($1, $2, $3, $4)
            """,
            [
                .int(version), .text(decision.verdict.rawValue), Value(decision.liveVersion),
                .day(day),
            ])
        for rule in decision.rules { try insert(rule, version: version) }
    }

    /// Writes the gate's decision on a version that was made without asking it, and acts on it; either all of it
    /// commits, or nothing. Comparisons made with the version stay unchanged.
    ///
    /// - Parameter findings: Latencies, comparisons and the live version's figures; evaluations stay as they are.
    public func decide(
        _ gate: GateRecord, _ findings: NewModelVersion.Findings, version: Int
    ) throws -> GateDecision {
        try connection.transaction { connection in
            try connection.execute(
                "SELECT rocket.open_gate($1, $2)", [.int(version), .day(gate.day)])
            try insert(findings.latencies, version: version)
            for comparison in findings.comparisons { try insert(comparison, version: version, day: gate.day) }
            for comparison in findings.neighbours { try insert(comparison, version: version, day: gate.day) }
            if let live = findings.live { try insert(live, version: version, day: gate.day) }
            return try insert(gate, version: version)
        }
    }

    /// Returns the verdict on a version; nil if the gate was not asked.
    public func decision(of version: Int) throws -> GateDecision? {
        guard
            let row = try connection.execute(
                "SELECT verdict, live_version FROM rocket.gate_verdicts WHERE version = $1", [.int(version)]
            ).first, let verdict = PromotionGate.Verdict(rawValue: try row.text("verdict"))
        else { return nil }
        let rules = try connection.execute(
            "SELECT rule, value, lowest, highest, detail FROM rocket.gate_rules WHERE version = $1 "
                + "ORDER BY passed, rule",
            [.int(version)]
        ).map { row in
            PromotionGate.Rule(
                try row.text("rule"), try row.doubleOrNil("value"), lowest: try row.doubleOrNil("lowest"),
                highest: try row.doubleOrNil("highest"), try row.text("detail"))
        }
        return GateDecision(verdict: verdict, rules: rules, liveVersion: try row.intOrNil("live_version"))
    }

    private func insert(_ rule: PromotionGate.Rule, version: Int) throws {
        try connection.execute(
            """
            INSERT INTO rocket.gate_rules (version, rule, passed, value, lowest, highest, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .int(version), .text(rule.name), .bool(rule.passed), Value(rule.value), Value(rule.lowest),
                Value(rule.highest), .text(rule.detail),
            ])
    }

    func insert(_ comparison: ModelComparison, version: Int, day: Day) throws {
        let figures = comparison.figures
        try connection.execute(
            """
            INSERT INTO rocket.model_comparisons (
                version, day, comparison, live_version, estimate, standard_error, confidence, lower_bound, upper_bound,
                replicates, clusters, metric)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT DO NOTHING
            """,
            [
                .int(version), .day(day), .text(comparison.kind.rawValue),
                Value(comparison.liveVersion), .double(figures.estimate),
                .double(figures.standardError), .double(figures.confidence), .double(figures.lowerBound),
                .double(figures.upperBound), .int(figures.replicates), .int(figures.clusters),
                .text(comparison.metric.rawValue),
            ])
    }

    /// Returns a comparison that was made with a version; nil if it was not made.
    public func comparison(
        _ kind: ModelComparison.Kind, _ metric: ModelComparison.Metric, of version: Int, day: Day
    ) throws -> PairedComparison? {
        try connection.execute(
            """
            SELECT estimate, standard_error, confidence, lower_bound, upper_bound, replicates, clusters
            FROM rocket.model_comparisons
            WHERE version = $1 AND day = $2 AND comparison = $3 AND metric = $4
            """, [.int(version), .day(day), .text(kind.rawValue), .text(metric.rawValue)]
        ).first.map { try PairedComparison($0) }
    }

    /// Reads all comparisons that were made with a version on a day, those with the live version first.
    public func comparisons(of version: Int, day: Day) throws -> [ModelComparison] {
        try connection.execute(
            """
            SELECT * FROM rocket.model_comparisons WHERE version = $1 AND day = $2
            ORDER BY metric, comparison <> 'light_minus_live', comparison DESC
            """, [.int(version), .day(day)]
        ).compactMap { row in
            guard let kind = ModelComparison.Kind(rawValue: try row.text("comparison")),
                let metric = ModelComparison.Metric(rawValue: try row.text("metric"))
            else { return nil }
            return ModelComparison(
                kind, metric, liveVersion: try row.intOrNil("live_version"), try PairedComparison(row))
        }
    }
}

extension PairedComparison {
    /// Creates a comparison from a row of `rocket.model_comparisons`.
    fileprivate init(_ row: Row) throws {
        self.init(
            estimate: try row.double("estimate"), standardError: try row.double("standard_error"),
            confidence: try row.double("confidence"), lowerBound: try row.double("lower_bound"),
            upperBound: try row.double("upper_bound"), replicates: try row.int("replicates"),
            clusters: try row.int("clusters"))
    }
}

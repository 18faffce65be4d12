import Days
import Evaluation
import ModelRegistry
import Postgres

/// A reader of reports from the job's tables and views. Every number that a command prints comes from here, so what a
/// person sees is what the database holds.
public struct ReportReader {
    let connection: Connection

    public init(database: String?) throws {
        connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket report")
    }

    /// Returns reports, newest evaluated day first.
    ///
    /// - Parameters:
    ///   - model: The model; nil for all.
    ///   - version: The version; nil for all.
    ///   - limit: The most reports to return; the newest are kept.
    /// - Throws: `ModelRegistryError.noVersion`, `.otherModel` if the requested version does not exist, or belongs to
    ///   another model.
    public func reports(model: String? = nil, version: Int? = nil, limit: Int = 1_000) throws -> [ModelReport] {
        if let version {
            let found = try ModelRegistry(connection).lineage(of: version).model
            guard found == model ?? found else {
                throw ModelRegistryError.otherModel(version: version, model: found, asked: model ?? found)
            }
        }
        return try connection.execute(
            """
            SELECT v.model, v.version, v.state, v.served_net, v.backfilled, v.trained_from, v.trained_to, v.light_parameters,
                   v.booster_parameters, r.*, le.auc_standard_error AS light_se, be.auc_standard_error AS booster_se,
                   le.gauc_standard_error AS light_gauc_se, be.gauc_standard_error AS booster_gauc_se,
                   le.normalized_entropy_standard_error AS light_ne_se,
                   be.normalized_entropy_standard_error AS booster_ne_se, l.live_version, l.auc AS live_auc,
                   l.auc_standard_error AS live_se, l.gauc AS live_gauc, l.gauc_standard_error AS live_gauc_se,
                   l.log_loss AS live_log_loss, l.normalized_entropy AS live_ne,
                   l.normalized_entropy_standard_error AS live_ne_se, l.pcoc AS live_pcoc,
                   NULL::double precision AS live_p50_us, NULL::double precision AS live_p99_us,
                   lv.light_parameters AS live_parameters, lr.auc AS regression_auc,
                   lr.auc_standard_error AS regression_se, lr.gauc AS regression_gauc,
                   lr.gauc_standard_error AS regression_gauc_se, lr.log_loss AS regression_log_loss,
                   lr.normalized_entropy AS regression_ne, lr.normalized_entropy_standard_error AS regression_ne_se,
                   lr.pcoc AS regression_pcoc, NULL::double precision AS regression_p50_us,
                   NULL::double precision AS regression_p99_us,
                   coalesce((v.training->'logistic_regression'->>'parameters')::bigint, 0) AS regression_parameters,
                   lr.version IS NOT NULL AS has_regression, a.bytes AS artifact_bytes, a.sha256 AS artifact_sha256,
                   (v.training #>> '{rocket,epochs,epochs}')::double precision AS epochs,
                   (v.training #>> '{rocket,booster_epochs,epochs}')::double precision AS booster_epochs,
                   v.training #>> '{rocket,epochs,origin}' AS epochs_origin
            FROM rocket.model_versions v
            LEFT JOIN (
                SELECT version AS report_version, evaluated_day AS report_day, impressions, clicks, light_auc,
                       booster_auc, oracle_auc, light_alone_auc, booster_alone_auc, gap_closed,
                       gap_closed_note, light_gauc,
                       booster_gauc, light_log_loss, booster_log_loss, light_ne, booster_ne, light_pcoc, booster_pcoc,
                       light_p50_us, light_p99_us, booster_p50_us, booster_p99_us, times_faster
                FROM rocket.model_report) r ON r.report_version = v.version
            LEFT JOIN rocket.evaluation_reports le
                ON le.version = v.version AND le.day = r.report_day AND le.arm = 'rocket' AND le.net = v.served_net
            LEFT JOIN rocket.evaluation_reports be
                ON be.version = v.version AND be.day = r.report_day AND be.arm = 'rocket' AND be.net = 'booster'
            LEFT JOIN rocket.evaluation_reports lr
                ON lr.version = v.version AND lr.day = r.report_day AND lr.arm = 'logistic_regression'
            LEFT JOIN rocket.live_reports l ON l.version = v.version AND l.day = r.report_day
            LEFT JOIN rocket.model_versions lv ON lv.version = l.live_version
            LEFT JOIN rocket.artifacts a ON a.version = v.version AND a.name = 'model.safetensors'
            WHERE ($1::text IS NULL OR v.model = $1) AND ($2::bigint IS NULL OR v.version = $2)
            ORDER BY coalesce(r.report_day, v.trained_to) DESC, v.version DESC
            LIMIT $3
            """,
            [Value(model), Value(version), .int(limit)]
        ).map { try report($0) }
    }

    /// Returns the gate's decision on a version; nil if it was not asked.
    public func decision(of version: Int) throws -> GateDecision? {
        try ModelRegistry(connection).decision(of: version)
    }

    /// Returns the report that people mean if they name no version: the newest, or the live version's after a rollback
    /// until there is a newer one; nil if there is none.
    public func current(model: String? = nil) throws -> ModelReport? {
        guard let newest = try reports(model: model, limit: 1).first else { return nil }
        let live = try connection.execute(
            """
            SELECT d.version FROM rocket.model_versions v
            JOIN LATERAL (
                SELECT action, version, deployed_at FROM rocket.deployments
                WHERE model = v.model ORDER BY deployment_id DESC LIMIT 1) d ON d.deployed_at > v.created_at
            WHERE v.version = $1 AND d.action = 'rollback' AND d.version IS NOT NULL
            """, [.int(newest.version)]
        ).first?.int("version")
        return try live.flatMap { try reports(version: $0).first } ?? newest
    }

    /// Returns the runs of a model, newest first.
    public func runs(model: String? = nil, limit: Int) throws -> [RunReport] {
        try runs("$1::text IS NULL OR model = $1", [Value(model), .int(limit)])
    }

    /// Returns a run of the ledger; nil if there is none of this number.
    public func run(_ number: Int) throws -> RunReport? { try runs("run_id = $1", [.int(number), .int(1)]).first }

    private func runs(_ condition: String, _ parameters: [Value]) throws -> [RunReport] {
        try connection.execute(
            """
            SELECT run_id, model, command, evaluated_day, status, exit_code, version,
                   to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
                   extract(epoch FROM duration) AS seconds, error, attempts, peak_memory_bytes, host, pid, stage,
                   CASE WHEN status = 'running' THEN extract(epoch FROM clock_timestamp() - heartbeat_at) END AS silent
            FROM rocket.nightly_history WHERE \(condition)
            ORDER BY run_id DESC LIMIT $2
            """, parameters
        ).map { row in
            RunReport(
                run: try row.int("run_id"), model: try row.text("model"), command: try row.text("command"),
                evaluatedDay: try row.dayOrNil("evaluated_day"), status: try row.text("status"),
                exitCode: try row.intOrNil("exit_code"), version: try row.intOrNil("version"),
                startedAt: try row.text("started_at"), seconds: try row.doubleOrNil("seconds"),
                attempts: try row.int("attempts"), peakMemoryBytes: try row.intOrNil("peak_memory_bytes"),
                host: try row.text("host"), pid: try row.int("pid"), stage: try row.textOrNil("stage"),
                heartbeatAgeSeconds: try row.doubleOrNil("silent"), error: try row.textOrNil("error"))
        }
    }

    /// Returns the job file's text as it was when a version was trained.
    ///
    /// - Throws: `ModelRegistryError.noVersion`.
    public func jobFile(version: Int) throws -> String {
        try ModelRegistry(connection).jobFileText(of: version)
    }

    /// Counts rejected rows and cached days, for the status page.
    public func counts() throws -> (cachedDays: Int, cachedBytes: Int, quarantined: Int, rejected: Int) {
        let rows = try connection.execute(
            """
            SELECT (SELECT count(*) FROM rocket.cache_days) AS days,
                   (SELECT coalesce(sum(rejected_rows), 0)::bigint FROM rocket.cache_days) AS rejected,
                   (SELECT coalesce(sum(bytes), 0)::bigint FROM rocket.cache_manifest) AS bytes,
                   (SELECT count(*) FROM rocket.quarantine_rows) AS quarantined
            """)
        guard let row = rows.first else { return (0, 0, 0, 0) }
        return (
            try row.int("days"), try row.int("bytes"), try row.int("quarantined"), try row.int("rejected")
        )
    }

    private func report(_ row: Row) throws -> ModelReport {
        let version = try row.int("version")
        let oracle = try row.doubleOrNil("oracle_auc")
        func net(_ name: String) throws -> ModelReport.NetReport {
            let auc = try row.doubleOrNil("\(name)_auc")
            var share: Double?
            if let auc, let oracle, oracle > 0.5 { share = (auc - 0.5) / (oracle - 0.5) }
            return ModelReport.NetReport(
                auc: auc, aucStandardError: try row.doubleOrNil("\(name)_se"),
                gauc: try row.doubleOrNil("\(name)_gauc"),
                gaucStandardError: try row.doubleOrNil("\(name)_gauc_se"),
                logLoss: try row.doubleOrNil("\(name)_log_loss"),
                normalizedEntropy: try row.doubleOrNil("\(name)_ne"),
                normalizedEntropyStandardError: try row.doubleOrNil("\(name)_ne_se"),
                pcoc: try row.doubleOrNil("\(name)_pcoc"),
                oracleShare: share, p50: try row.doubleOrNil("\(name)_p50_us"),
                p99: try row.doubleOrNil("\(name)_p99_us"), parameters: try row.int("\(name)_parameters"))
        }
        var artifact: ModelReport.ArtifactLine?
        if let bytes = try row.intOrNil("artifact_bytes") {
            artifact = ModelReport.ArtifactLine(
                name: "model.safetensors", bytes: bytes, sha256: try row.text("artifact_sha256"))
        }
        let liveVersion = try row.intOrNil("live_version")
        let comparisons = try comparisons(of: version, on: row.dayOrNil("report_day"))
        let (gap, bounds) = (try row.doubleOrNil("gap_closed"), comparisons.first { $0.name == "gap_closed" })
        return ModelReport(
            model: try row.text("model"), version: version, state: try row.text("state"),
            backfilled: try row.bool("backfilled"), trainedFrom: try row.day("trained_from"),
            trainedTo: try row.day("trained_to"), evaluatedDay: try row.dayOrNil("report_day"),
            impressions: try row.intOrNil("impressions"), clicks: try row.intOrNil("clicks"), light: try net("light"),
            booster: try net("booster"), live: try liveVersion.map { _ in try net("live") }, liveVersion: liveVersion,
            logisticRegression: try row.bool("has_regression") ? try net("regression") : nil,
            lightAloneAUC: try row.doubleOrNil("light_alone_auc"),
            boosterAloneAUC: try row.doubleOrNil("booster_alone_auc"), gapClosed: gap,
            gapClosedLow: gap == nil ? nil : bounds?.lower, gapClosedHigh: gap == nil ? nil : bounds?.upper,
            gapClosedNote: try row.textOrNil("gap_closed_note"),
            comparisons: comparisons.filter { $0.name != "gap_closed" }, oracleAUC: oracle,
            timesFaster: try row.doubleOrNil("times_faster"), latency: try latency(of: version),
            artifact: artifact, epochs: try row.doubleOrNil("epochs"),
            boosterEpochs: try row.doubleOrNil("booster_epochs"), epochsOrigin: try row.textOrNil("epochs_origin"),
            servedNet: try row.text("served_net"), curve: try curve(of: version, on: row.dayOrNil("report_day")))
    }

    private func comparisons(of version: Int, on day: Day?) throws -> [ModelReport.ComparisonLine] {
        guard let day else { return [] }
        return try connection.execute(
            """
            SELECT * FROM rocket.model_comparisons WHERE version = $1 AND day = $2
            ORDER BY comparison, metric
            """, [.int(version), .day(day)]
        ).map { row in
            ModelReport.ComparisonLine(
                name: try row.text("comparison"), metric: try row.text("metric"), estimate: try row.double("estimate"),
                standardError: try row.double("standard_error"), lower: try row.double("lower_bound"),
                upper: try row.double("upper_bound"), confidence: try row.double("confidence"))
        }
    }

    private func latency(of version: Int) throws -> [ModelReport.LatencyLine] {
        try connection.execute(
            """
            SELECT net, batch_size, mode, calls_per_second, operations_per_example, bytes_per_example, calls,
                   p50_us, p90_us, p99_us, p999_us, scores_per_second, cpu_model
            FROM rocket.latency_reports WHERE version = $1 ORDER BY batch_size, mode, net DESC
            """, [.int(version)]
        ).map { row in
            ModelReport.LatencyLine(
                net: try row.text("net"), batchSize: try row.int("batch_size"), mode: try row.text("mode"),
                callsPerSecond: try row.doubleOrNil("calls_per_second"),
                operationsPerExample: try row.intOrNil("operations_per_example"),
                bytesPerExample: try row.doubleOrNil("bytes_per_example"), calls: try row.int("calls"),
                p50: try row.double("p50_us"), p90: try row.double("p90_us"), p99: try row.double("p99_us"),
                p999: try row.double("p999_us"), scoresPerSecond: try row.double("scores_per_second"),
                cpuModel: try row.text("cpu_model"))
        }
    }
}

/// One run of the ledger.
public struct RunReport: Codable, Equatable, Sendable {
    public var run: Int
    public var model: String
    public var command: String
    public var evaluatedDay: Day?
    public var status: String
    public var exitCode: Int?
    public var version: Int?
    /// The time in UTC, `2026-11-23T03:30:00Z`.
    public var startedAt: String
    public var seconds: Double?
    /// The number of attempts: 1, plus one for each time the run lost the database.
    public var attempts: Int
    /// The largest resident memory of its process so far.
    public var peakMemoryBytes: Int?
    public var host: String
    public var pid: Int
    /// The current stage, such as `train rocket`; nil if it has ended.
    public var stage: String?
    /// Seconds since its last heartbeat; nil if it has ended.
    public var heartbeatAgeSeconds: Double?
    public var error: String?

    enum CodingKeys: String, CodingKey {
        case run, model, command, status, version, seconds, attempts, host, pid, stage, error
        case evaluatedDay = "evaluated_day"
        case exitCode = "exit_code"
        case startedAt = "started_at"
        case peakMemoryBytes = "peak_memory_bytes"
        case heartbeatAgeSeconds = "heartbeat_age_seconds"
    }
}

import Days
import Evaluation
import Postgres

/// Everything that the database knows about a version on one unseen day, beyond its ``ModelReport``.
public struct VersionDetails: Sendable {
    /// Each net of each arm, rocket's light net first.
    public var nets: [NetFigures]
    /// The light net of the version that was live when the gate judged this one, on the same impressions.
    public var live: NetFigures?
    public var comparisons: [Comparison]
    /// The curves; empty for versions judged by earlier programs.
    public var curves: [Curve]
    public var reliability: [Reliability]
    public var slices: [Slice]
    public var training: [TrainedArm]
    public var features: [FeatureFigures]
    public var inputs: [InputDay]
    public var stages: [Stage]
    public var lineage: Lineage

    /// One net on the unseen day.
    public struct NetFigures: Equatable, Sendable {
        /// The arm in which it was trained, or `live`.
        public var arm: String
        public var net: String
        public var auc: Double?
        public var aucStandardError: Double?
        public var gauc: Double?
        public var gaucStandardError: Double?
        public var gaucGroups: Int?
        /// The log loss; nil if only the AUC is known.
        public var logLoss: Double?
        public var normalizedEntropy: Double?
        public var normalizedEntropyStandardError: Double?
        public var pcoc: Double?
        public var prAUC: Double?
        public var calibrationError: Double?
    }

    /// A row of `rocket.model_comparisons`.
    public struct Comparison: Equatable, Sendable {
        /// The name: light_minus_live, light_minus_light_alone, gap_closed, …
        public var name: String
        /// The metric, auc or log_loss.
        public var metric: String
        public var liveVersion: Int?
        public var figures: PairedComparison
    }

    public struct Curve: Sendable {
        public var arm: String
        public var net: String
        public var points: [ROCPoint]
    }

    public struct Reliability: Sendable {
        public var net: String
        public var impressions: Int
        public var meanPrediction: Double
        public var clickRate: Double
    }

    /// One value of a feature, for both nets.
    public struct Slice: Sendable {
        public var feature: String
        /// The value; nil for all other values together.
        public var value: String?
        public var impressions: Int
        public var clicks: Int
        public var lightAUC, boosterAUC: Double?
        public var lightPCOC, boosterPCOC: Double?
    }

    /// The course of an arm's training.
    public struct TrainedArm: Sendable {
        public var arm: String
        public var steps: Int?
        public var samples: Int?
        public var seconds: Double?
        public var hintWeight: Double?
        /// The steps whose weights were kept; nil for the last.
        public var lightStep, boosterStep: Int?
        public var curve: [LossPoint]
        /// AUC on held-out training rows.
        public var validations: [ValidationPoint]
        /// The largest gradient norm of the hint on the booster's own parameters, and the number of checks; 0 proves
        /// the block.
        public var hintOnBooster: (largest: Double, checks: Int)?
    }

    /// Means over the steps since the previous point.
    public struct LossPoint: Equatable, Sendable {
        public var step: Int
        public var light, booster: Double?
        /// The hint loss, not weighted by λ.
        public var hint: Double?
    }

    public struct ValidationPoint: Equatable, Sendable {
        public var step: Int
        public var light, booster: Double?
    }

    /// A feature on the unseen day, and its drift over the days before.
    public struct FeatureFigures: Sendable {
        public var feature: String
        public var day: Day
        public var coverage: Double
        public var distinctIDs: Int?
        public var unseenShare: Double?
        public var collisionRate: Double?
        /// Rows of its embedding table, if only ids seen in training have one, and the share of values in the training
        /// rows whose id has none because memory did not suffice.
        public var tableRows: Int?
        public var sharedShare: Double?
        public var mean: Double?
        public var standardDeviation: Double?
        /// The population stability index compared with the previous cached day.
        public var psi: Double?
        /// The bounds over the days that the version was trained and judged on.
        public var lowestPSI, highestPSI: Double?
    }

    /// A day's cache files that the version was made from.
    public struct InputDay: Sendable {
        /// The role, training or evaluation.
        public var role: String
        public var day: Day
        public var parts: Int
        public var rows: Int
        public var clicks: Int
        /// The checksums of its files, separated by commas.
        public var checksums: String
    }

    /// A stage of the run that made the version.
    public struct Stage: Sendable {
        public var name: String
        public var detail: String?
        public var seconds: Double?
        public var rows: Int?
    }

    public struct Lineage: Sendable {
        public var parent: Int?
        public var seed: String
        public var fingerprint: String
        public var specificationHash: String
        public var programVersion: String
        public var programRevision: String?
        public var programDigest: String?
        public var run: Int?
        public var host: String?
        /// The time in UTC.
        public var createdAt: String
        public var embeddingParameters: Int
        public var jobFile: String
    }
}

extension ReportReader {
    /// Reads the details of a version.
    ///
    /// - Parameter day: The unseen day; nil if it was not judged.
    /// - Throws: `PostgresError`, also if there is no such version.
    public func details(of version: Int, on day: Day?) throws -> VersionDetails {
        let lineage = try lineage(of: version)
        return VersionDetails(
            nets: try nets(of: version, on: day), live: try live(beside: version, on: day),
            comparisons: try comparisons(of: version, on: day),
            curves: try curves(of: version, on: day), reliability: try reliability(of: version, on: day),
            slices: try slices(of: version, on: day), training: try training(of: version),
            features: try features(of: version, on: day), inputs: try inputs(of: version),
            stages: try stages(of: lineage.run), lineage: lineage)
    }

    private func key(_ version: Int, _ day: Day?) -> [Value] {
        [.int(version), day.map { .text($0.description) } ?? .null]
    }

    private func nets(of version: Int, on day: Day?) throws -> [VersionDetails.NetFigures] {
        try connection.execute(
            """
            SELECT * FROM rocket.evaluation_reports WHERE version = $1 AND day = $2::text::date
            ORDER BY arm <> 'rocket', net = arm, arm <> 'light', arm, net DESC
            """, key(version, day)
        ).map { try figures($0, arm: $0.text("arm"), net: $0.text("net")) }
    }

    private func live(beside version: Int, on day: Day?) throws -> VersionDetails.NetFigures? {
        try connection.execute(
            "SELECT * FROM rocket.live_reports WHERE version = $1 AND day = $2::text::date", key(version, day)
        ).first.map { try figures($0, arm: "live", net: "light") }
    }

    private func figures(_ row: Row, arm: String, net: String) throws -> VersionDetails.NetFigures {
        VersionDetails.NetFigures(
            arm: arm, net: net, auc: try row.doubleOrNil("auc"),
            aucStandardError: try row.doubleOrNil("auc_standard_error"), gauc: try row.doubleOrNil("gauc"),
            gaucStandardError: try row.doubleOrNil("gauc_standard_error"), gaucGroups: try row.intOrNil("gauc_groups"),
            logLoss: try row.double("log_loss"), normalizedEntropy: try row.doubleOrNil("normalized_entropy"),
            normalizedEntropyStandardError: try row.doubleOrNil("normalized_entropy_standard_error"),
            pcoc: try row.doubleOrNil("pcoc"), prAUC: try row.doubleOrNil("pr_auc"),
            calibrationError: try row.doubleOrNil("calibration_error"))
    }

    private func comparisons(of version: Int, on day: Day?) throws -> [VersionDetails.Comparison] {
        try connection.execute(
            """
            SELECT * FROM rocket.model_comparisons WHERE version = $1 AND day = $2::text::date
            ORDER BY metric, comparison <> 'light_minus_live', comparison DESC
            """, key(version, day)
        ).map { row in
            VersionDetails.Comparison(
                name: try row.text("comparison"), metric: try row.text("metric"),
                liveVersion: try row.intOrNil("live_version"),
                figures: PairedComparison(
                    estimate: try row.double("estimate"), standardError: try row.double("standard_error"),
                    confidence: try row.double("confidence"), lowerBound: try row.double("lower_bound"),
                    upperBound: try row.double("upper_bound"), replicates: try row.int("replicates"),
                    clusters: try row.int("clusters")))
        }
    }

    private func curves(of version: Int, on day: Day?) throws -> [VersionDetails.Curve] {
        var curves: [VersionDetails.Curve] = []
        for row in try connection.execute(
            """
            SELECT arm, net, false_positive_rate, true_positive_rate FROM rocket.roc_points
            WHERE version = $1 AND day = $2::text::date ORDER BY arm <> 'rocket', arm DESC, net DESC, point
            """, key(version, day))
        {
            let (arm, net) = (try row.text("arm"), try row.text("net"))
            if curves.last?.arm != arm || curves.last?.net != net {
                curves.append(VersionDetails.Curve(arm: arm, net: net, points: []))
            }
            curves[curves.count - 1].points.append(
                ROCPoint(
                    falsePositiveRate: try row.double("false_positive_rate"),
                    truePositiveRate: try row.double("true_positive_rate")))
        }
        return curves
    }

    private func reliability(of version: Int, on day: Day?) throws -> [VersionDetails.Reliability] {
        try connection.execute(
            """
            SELECT net, impressions, mean_prediction, click_rate FROM rocket.reliability_bins
            WHERE version = $1 AND day = $2::text::date AND arm = 'rocket' ORDER BY net DESC, bin
            """, key(version, day)
        ).map { row in
            VersionDetails.Reliability(
                net: try row.text("net"), impressions: try row.int("impressions"),
                meanPrediction: try row.double("mean_prediction"), clickRate: try row.double("click_rate"))
        }
    }

    private func slices(of version: Int, on day: Day?) throws -> [VersionDetails.Slice] {
        try connection.execute(
            """
            SELECT l.feature, coalesce(l.value, CASE l.id WHEN 0 THEN 'missing' ELSE l.id::text END) AS value,
                   l.impressions, l.clicks, l.auc AS light_auc, b.auc AS booster_auc, l.pcoc AS light_pcoc,
                   b.pcoc AS booster_pcoc
            FROM rocket.slice_reports l
            LEFT JOIN rocket.slice_reports b USING (version, day, feature, slice)
            WHERE l.version = $1 AND l.day = $2::text::date AND l.net = 'light' AND b.net = 'booster'
            ORDER BY l.feature, l.slice
            """, key(version, day)
        ).map { row in
            VersionDetails.Slice(
                feature: try row.text("feature"), value: try row.textOrNil("value"),
                impressions: try row.int("impressions"), clicks: try row.int("clicks"),
                lightAUC: try row.doubleOrNil("light_auc"), boosterAUC: try row.doubleOrNil("booster_auc"),
                lightPCOC: try row.doubleOrNil("light_pcoc"), boosterPCOC: try row.doubleOrNil("booster_pcoc"))
        }
    }

    private func features(of version: Int, on day: Day?) throws -> [VersionDetails.FeatureFigures] {
        try connection.execute(
            """
            SELECT f.*, drift.lowest, drift.highest, ids.rows AS table_rows, ids.shared AS shared_share
            FROM rocket.model_versions v
            JOIN rocket.feature_statistics f
                ON f.specification_hash = v.specification_hash AND f.day = coalesce($2::text::date, v.trained_to)
            JOIN LATERAL (
                SELECT min(d.psi) AS lowest, max(d.psi) AS highest FROM rocket.feature_statistics d
                WHERE d.specification_hash = v.specification_hash AND d.feature = f.feature
                  AND d.day BETWEEN v.trained_from AND f.day) drift ON true
            LEFT JOIN LATERAL (
                SELECT (t->>'rows')::bigint AS rows, (t->>'shared_share')::double precision AS shared
                FROM jsonb_path_query(v.training, '$.rocket.ids[*]') AS tables (t)
                WHERE t->>'feature' = f.feature) ids ON true
            WHERE v.version = $1 ORDER BY f.psi DESC NULLS LAST, f.feature
            """, key(version, day)
        ).map { row in
            VersionDetails.FeatureFigures(
                feature: try row.text("feature"), day: try row.day("day"), coverage: try row.double("coverage"),
                distinctIDs: try row.intOrNil("distinct_ids"), unseenShare: try row.doubleOrNil("unseen_share"),
                collisionRate: try row.doubleOrNil("collision_rate"), tableRows: try row.intOrNil("table_rows"),
                sharedShare: try row.doubleOrNil("shared_share"), mean: try row.doubleOrNil("mean"),
                standardDeviation: try row.doubleOrNil("standard_deviation"), psi: try row.doubleOrNil("psi"),
                lowestPSI: try row.doubleOrNil("lowest"), highestPSI: try row.doubleOrNil("highest"))
        }
    }

    private func inputs(of version: Int) throws -> [VersionDetails.InputDay] {
        try connection.execute(
            """
            SELECT role, day, count(*) AS parts, sum(rows)::bigint AS rows, sum(clicks)::bigint AS clicks,
                   string_agg(checksum, ', ' ORDER BY part) AS checksums
            FROM rocket.version_inputs WHERE version = $1 GROUP BY role, day ORDER BY role DESC, day
            """, [.int(version)]
        ).map { row in
            VersionDetails.InputDay(
                role: try row.text("role"), day: try row.day("day"), parts: try row.int("parts"),
                rows: try row.int("rows"), clicks: try row.int("clicks"), checksums: try row.text("checksums"))
        }
    }

    private func stages(of run: Int?) throws -> [VersionDetails.Stage] {
        guard let run else { return [] }
        return try connection.execute(
            "SELECT name, detail, seconds, rows FROM rocket.run_stages WHERE run_id = $1 ORDER BY stage", [.int(run)]
        ).map { row in
            VersionDetails.Stage(
                name: try row.text("name"), detail: try row.textOrNil("detail"),
                seconds: try row.doubleOrNil("seconds"), rows: try row.intOrNil("rows"))
        }
    }

    private func lineage(of version: Int) throws -> VersionDetails.Lineage {
        let rows = try connection.execute(
            """
            SELECT v.*, r.host,
                   to_char(v.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS created
            FROM rocket.model_versions v LEFT JOIN rocket.runs r USING (run_id) WHERE v.version = $1
            """, [.int(version)])
        guard let row = rows.first else {
            throw PostgresError.unexpectedValue(column: "version", found: "\(version)", expected: "an existing version")
        }
        return VersionDetails.Lineage(
            parent: try row.intOrNil("parent_version"), seed: try row.text("seed"),
            fingerprint: try row.text("fingerprint"), specificationHash: try row.text("specification_hash"),
            programVersion: try row.text("program_version"), programRevision: try row.textOrNil("program_revision"),
            programDigest: try row.textOrNil("program_sha256"), run: try row.intOrNil("run_id"),
            host: try row.textOrNil("host"), createdAt: try row.text("created"),
            embeddingParameters: try row.int("embedding_parameters"), jobFile: try row.text("job_file"))
    }
}

import Days
import Evaluation
import ModelRegistry
import Postgres

extension ReportReader {
    /// Reads the details of a version.
    ///
    /// - Parameter day: The unseen day; nil if it was not judged.
    /// - Throws: `PostgresError`, also if there is no such version.
    public func details(of version: Int, on day: Day?) throws -> VersionDetails {
        let lineage = try lineage(of: version)
        return VersionDetails(
            nets: try nets(of: version, on: day), live: try live(beside: version, on: day),
            comparisons: try day.map { try ModelRegistry(connection).comparisons(of: version, day: $0) } ?? [],
            curves: try curves(of: version, on: day), reliability: try reliability(of: version, on: day),
            slices: try slices(of: version, on: day),
            importance: try day.map { try ModelRegistry(connection).importance(of: version, on: $0) } ?? [],
            training: try training(of: version),
            features: try features(of: version, on: day), inputs: try inputs(of: version),
            stages: try stages(of: lineage.run), lineage: lineage)
    }

    private func key(_ version: Int, _ day: Day?) -> [Value] {
        [.int(version), Value(day)]
    }

    private func nets(of version: Int, on day: Day?) throws -> [VersionDetails.NetFigures] {
        try connection.execute(
            """
            SELECT e.* FROM rocket.evaluation_reports e JOIN rocket.model_versions v USING (version)
            LEFT JOIN rocket.version_nets n USING (version, net)
            WHERE e.version = $1 AND e.day = $2
            ORDER BY e.arm <> 'rocket', e.net = e.arm, e.arm <> 'light', e.arm, e.net <> v.served_net,
                e.net = 'booster', n.place, e.net DESC
            """, key(version, day)
        ).map { try figures($0, arm: $0.text("arm"), net: $0.text("net")) }
    }

    private func live(beside version: Int, on day: Day?) throws -> VersionDetails.NetFigures? {
        try connection.execute(
            """
            SELECT l.*, v.served_net FROM rocket.live_reports l
            LEFT JOIN rocket.model_versions v ON v.version = l.live_version
            WHERE l.version = $1 AND l.day = $2
            """, key(version, day)
        ).first.map { try figures($0, arm: "live", net: $0.textOrNil("served_net") ?? "light") }
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

    private func curves(of version: Int, on day: Day?) throws -> [VersionDetails.Curve] {
        var curves: [VersionDetails.Curve] = []
        for row in try connection.execute(
            """
            SELECT p.arm, p.net, p.false_positive_rate, p.true_positive_rate
            FROM rocket.roc_points p JOIN rocket.model_versions v USING (version)
            WHERE p.version = $1 AND p.day = $2 AND p.net IN (v.served_net, 'booster', 'logistic_regression')
            ORDER BY p.arm <> 'rocket', p.arm DESC, p.net = 'booster', p.net DESC, p.point
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
            SELECT b.net, b.impressions, b.mean_prediction, b.click_rate
            FROM rocket.reliability_bins b JOIN rocket.model_versions v USING (version)
            WHERE b.version = $1 AND b.day = $2 AND b.arm = 'rocket' AND b.net IN (v.served_net, 'booster')
            ORDER BY b.net = 'booster', b.bin
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
            JOIN rocket.model_versions v USING (version)
            WHERE l.version = $1 AND l.day = $2 AND l.net = v.served_net AND b.net = 'booster'
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
                ON f.specification_hash = v.specification_hash AND f.day = coalesce($2, v.trained_to)
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

    /// Returns the stages of a run; none if it is not known.
    public func stages(of run: Int?) throws -> [VersionDetails.Stage] {
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
            SELECT v.*, r.host, v.training -> 'rocket' ->> 'instructions' AS instructions,
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
            programDigest: try row.textOrNil("program_sha256"),
            instructions: try row.textOrNil("instructions"), run: try row.intOrNil("run_id"),
            host: try row.textOrNil("host"), createdAt: try row.text("created"),
            embeddingParameters: try row.int("embedding_parameters"), jobFile: try row.text("job_file"))
    }
}

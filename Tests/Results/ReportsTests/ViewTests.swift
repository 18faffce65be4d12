import Evaluation
import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// What people read with SQL and on the dashboard.
@Suite struct ViewTests {
    private static let views = [
        "auc_by_day", "rocket_gain", "latency_by_version", "failed_nights", "calibration_by_slice", "stale_days",
        "live_models", "latest_models", "model_report", "nightly_history", "feature_report", "click_delay_curve",
        "quality_by_latency", "experiment_report",
    ]

    @Test("The comment of rocket.gate_rules.rule names every rule of the gate, in the order of people's reading")
    func gateRules() throws {
        var gate = PromotionGate()
        gate.highestP99Microseconds = 100
        gate.beatsLogisticRegression = true
        var findings = PromotionGate.Findings(
            clicks: 1, pcoc: 1, auc: 0.7, logLoss: 0.1, p99Microseconds: 1, coverage: ("city", 1),
            live: PromotionGate.Live(version: 1, dayIsUnseen: true, difference: nil))
        findings.choice = PromotionGate.Rule("served_net", 1, lowest: 1, "of several")
        let rules = gate.rules(for: findings)
        try TestDatabase.run { url in
            let comment = try TestDatabase.connect(url).execute(
                """
                SELECT col_description('rocket.gate_rules'::regclass, attnum) AS names FROM pg_attribute
                WHERE attrelid = 'rocket.gate_rules'::regclass AND attname = 'rule'
                """)
            #expect(try comment.first?.text("names") == rules.map(\.name).joined(separator: ", ") + ".")
        }
    }

    /// A night with slices, one that failed, and a day that was built again with a new row.
    ///
    /// - Parameter nets: The job file's light nets.
    private static func withNights(
        nets: String = "light: [4]", _ body: (String, Connection) throws -> Void
    ) throws {
        let sliced = { (text: String) in
            text.replacing("  baselines: [light, booster]", with: "  baselines: [light, booster]\n  slices: [category]")
                .replacing("light: [4]", with: nets)
        }
        try TestJob.withJob(change: sliced) { url, job in
            let connection = try TestDatabase.connect(url)
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            #expect(throws: (any Error).self) {
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-03-08 01:00+00"))
            }
            try connection.script(
                """
                INSERT INTO ad_log.clicks (impression_id, clicked_at)
                SELECT impression_id, impressed_at + interval '1 second' FROM ad_log.impressions i
                WHERE impressed_at::date = '2026-01-06'
                  AND NOT EXISTS (SELECT FROM ad_log.clicks c WHERE c.impression_id = i.impression_id)
                LIMIT 1
                """)
            #expect(try TestJob.session(url, job).rebuildStale().count == 1)
            try connection.script(
                """
                INSERT INTO rocket.runs (command, model, evaluated_day, status, exit_code, error, host, pid,
                    program_version, job_file, ended_at)
                VALUES ('nightly', 'test', '2026-01-08', 'failed', 5, 'no clicks', 'h', 1, '1', 'j', now()),
                       ('nightly', 'test', '2026-01-08', 'done', 0, NULL, 'h', 1, '1', 'j', now())
                """)
            try body(url, connection)
        }
    }

    @Test("Every view answers its question, also to a reader of the reports, and agrees with the tables")
    func views() throws {
        try Self.withNights { url, admin in
            try TestLogins.with(url) { logins in
                let reader = try TestDatabase.connect(logins.reports)
                for view in Self.views where view != "experiment_report" {
                    #expect(try !reader.execute("SELECT * FROM rocket.\(view)").isEmpty, "\(view)")
                }
                #expect(try reader.execute("SELECT * FROM rocket.experiment_report").isEmpty)

                let nets = try reader.execute("SELECT arm, net, auc, auc_low, auc_high FROM rocket.auc_by_day")
                #expect(
                    try nets.map { "\(try $0.text("arm")) \(try $0.text("net"))" } == [
                        "rocket light", "rocket booster", "booster booster", "light light",
                    ])
                #expect(try nets.allSatisfy { try $0.double("auc_low") < $0.double("auc") })

                let gain = try #require(try reader.execute("SELECT * FROM rocket.rocket_gain").first)
                let auc = Dictionary(
                    uniqueKeysWithValues: try nets.map {
                        ("\(try $0.text("arm")) \(try $0.text("net"))", try $0.double("auc"))
                    })
                let difference = try #require(auc["rocket light"]) - #require(auc["light light"])
                #expect(try abs(gain.double("gain") - difference) < 1e-12)

                let latency = try reader.execute("SELECT batch_size, mode, times_faster FROM rocket.latency_by_version")
                #expect(latency.count == 4 && latency.allSatisfy { (try? $0.double("times_faster")) ?? 0 > 0 })

                let failed = try reader.execute(
                    "SELECT kind, error, made_good_by, run_id FROM rocket.failed_nights WHERE error = 'no clicks'")
                #expect(try failed.first?.text("kind") == "the logs did not allow the work")
                #expect(try failed.first?.int("made_good_by") == failed.first.map { try $0.int("run_id") + 1 })

                let slices = try #require(
                    try reader.execute(
                        """
                        SELECT sum(clicks)::bigint AS clicks, sum(mean_prediction * impressions) / sum(clicks) AS pcoc
                        FROM rocket.calibration_by_slice WHERE net = 'light'
                        """
                    ).first)
                let whole = try #require(
                    try reader.execute(
                        "SELECT clicks, pcoc FROM rocket.auc_by_day WHERE arm = 'rocket' AND net = 'light'"
                    ).first)
                #expect(try slices.int("clicks") == whole.int("clicks"))
                #expect(try abs(slices.double("pcoc") - whole.double("pcoc")) < 1e-6)

                let stale = try reader.execute(
                    "SELECT day, reason, versions::text AS versions, live_is_affected, labels_flipped FROM rocket.stale_days"
                )
                #expect(stale.count == 1)
                #expect(try stale.first?.day("day") == TestJob.day("2026-01-06"))
                #expect(try stale.first?.text("reason") == "rebuilt" && stale.first?.text("versions") == "{1}")
                #expect(try stale.first?.bool("live_is_affected") == true && stale.first?.int("labels_flipped") == 1)
                try admin.script("DELETE FROM rocket.cache_days WHERE day = '2026-01-06'")
                #expect(
                    try reader.execute("SELECT reason FROM rocket.stale_days").first?.text("reason") == "not cached")
            }
        }
    }

    /// Every statement of the dashboard, as Grafana sends it: its macros end at the first bracket.
    private static func dashboardQueries() throws -> [String] {
        let data = try Data(
            contentsOf: URL(fileURLWithPath: "\(TestDatabase.repository)/docker/grafana-dashboard.json"))
        func statements(_ value: Any) -> [String] {
            if let list = value as? [Any] { return list.flatMap(statements) }
            guard let object = value as? [String: Any] else { return [] }
            let own =
                object["rawSql"] as? String ?? (object["type"] as? String == "query" ? object["query"] as? String : nil)
            return [own].compactMap(\.self) + object.values.flatMap(statements)
        }
        return statements(try JSONSerialization.jsonObject(with: data)).map { sql in
            sql.replacing("${model:sqlstring}", with: "'test'")
                .replacing(/\$__timeFilter\(([^)]*)\)/) {
                    "\($0.1) BETWEEN '2026-01-01T00:00:00Z' AND '2096-01-01T00:00:00Z'"
                }
        }
    }

    @Test(
        "Every query of the Grafana dashboard runs for a reader of the reports and finds what there is",
        arguments: [("light: [4]", "light"), ("lights: {small: [2], large: [8, 4]}", "large")])
    func dashboard(nets: String, served: String) throws {
        try Self.withNights(nets: nets) { url, _ in
            try TestLogins.with(url) { logins in
                let reader = try TestDatabase.connect(logins.reports)
                let queries = try Self.dashboardQueries()
                #expect(queries.count >= 12)
                for query in queries {
                    #expect(!query.contains("$"), "a macro that is not known here: \(query)")
                    #expect(try !reader.execute(query).isEmpty, "\(query)")
                }
                // The panels of one net show the one that is served.
                let latency = try #require(queries.first { $0.contains("latency_by_version") })
                #expect(
                    try Set(reader.execute(latency).map { try $0.text("metric") }) == [
                        "test \(served)", "test booster",
                    ])
                let slices = try #require(queries.first { $0.contains("calibration_by_slice") })
                #expect(try Set(reader.execute(slices).map { try $0.text("net") }) == [served])
            }
        }
    }
}

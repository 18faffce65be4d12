import Backfill
import Days
import Foundation
import LogLoading
import Logging
import Night
import OperationsSupport
import Postgres
import Reports
import Runs
import TestSupport
import Testing

/// The whole job on a small generated log, in a database of its own.
@Suite struct PipelineTests {
    @Test("A night makes one version with its reports, artifacts and lineage; a second run does nothing")
    func nightly() throws {
        try TestJob.withJob { url, job in
            let moment = AsOf.instant("2026-01-08 01:00+00")
            let outcome = try TestJob.session(url, job).nightly(asOf: moment)
            let version = try #require(outcome.version)
            #expect(outcome.didWork)
            let report = try #require(try ReportReader(database: url).reports(version: version).first)
            #expect(
                try report.evaluatedDay == TestJob.day("2026-01-07") && report.trainedTo == TestJob.day("2026-01-06"))
            #expect(report.impressions == 4_000)
            #expect(try #require(report.light.auc) > 0.5 && #require(report.booster.auc) > 0.5)
            #expect(report.lightAloneAUC != nil && report.boosterAloneAUC != nil && report.oracleAUC != nil)
            #expect(report.latency.count == 8 && report.artifact != nil)
            #expect(report.latency.allSatisfy { $0.operationsPerExample != nil && $0.bytesPerExample != nil })
            let lineage = try TestDatabase.connect(url).execute("SELECT program_sha256 FROM rocket.model_versions")
                .first
            #expect(try lineage?.text("program_sha256").count == 64)
            let connection = try TestDatabase.connect(url)
            let bytes = try connection.execute(
                "SELECT (SELECT sum(length(data)) FROM rocket.artifact_chunks) = (SELECT sum(bytes) FROM rocket.artifacts) AS same"
            )
            #expect(try bytes.first?.bool("same") == true)
            #expect(
                try connection.execute("SELECT count(*) AS n FROM rocket.version_inputs").first?.int("n") == 12)
            let again = try TestJob.session(url, job).nightly(asOf: moment)
            #expect(!again.didWork && again.version == version)
            for view in ["latest_models", "model_report", "nightly_history"] {
                #expect(try connection.execute("SELECT * FROM rocket.\(view)").isEmpty == false)
            }
        }
    }

    @Test("Each feature has its importance on the unseen day, 0 for one that says nothing; 0 rows measure none")
    func importance() throws {
        let change = { (text: String) in
            text.replacing("nets:", with: "  - {name: nothing, kind: categorical, column: same}\nnets:")
        }
        try TestJob.withJob(change: change) { url, job in
            let connection = try TestDatabase.connect(url)
            try connection.script("ALTER TABLE ad_log.impressions ADD COLUMN same text DEFAULT 'x'")
            let moment = AsOf.instant("2026-01-08 01:00+00")
            let version = try #require(try TestJob.session(url, job).nightly(asOf: moment).version)
            let rows = try connection.execute(
                """
                SELECT i.*, i.auc - e.auc AS difference FROM rocket.feature_importance i
                JOIN rocket.evaluation_reports e USING (version, day)
                WHERE e.arm = 'rocket' AND e.net = 'light' AND version = $1 ORDER BY log_loss_rise DESC
                """, [.int(version)])
            #expect(rows.count == 5)
            for row in rows {
                #expect(try row.int("impressions") == 4_000 && abs(row.double("difference")) < 1e-9)
            }
            let nothing = try #require(try rows.first { try $0.text("feature") == "nothing" })
            #expect(try nothing.double("log_loss_rise") == 0)
            #expect(try nothing.double("auc_without") == nothing.double("auc"))
            #expect(try #require(rows.first).double("log_loss_rise") > 0)
            // Without evaluation.slices the few features with few values are sliced.
            let slices = try connection.execute(
                "SELECT DISTINCT feature FROM rocket.slice_reports ORDER BY feature")
            #expect(try slices.map { try $0.text("feature") }.contains("slot"))
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("evaluation:", with: "evaluation:\n  importance_rows: 0").replacing(
                "batch_size: 128", with: "batch_size: 64"
            )
            .write(toFile: job, atomically: true, encoding: .utf8)
            let second = try #require(try TestJob.session(url, job).nightly(asOf: moment).version)
            #expect(
                try connection.execute(
                    "SELECT FROM rocket.feature_importance WHERE version = $1", [.int(second)]
                ).isEmpty)
        }
    }

    @Test("Slices and reliability bins each account for every impression and click, and name the log's values")
    func slices() throws {
        let sliced = { (text: String) in
            text.replacing("  baselines: [light, booster]", with: "  slices: [category, interests]")
        }
        try TestJob.withJob(change: sliced) { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let connection = try TestDatabase.connect(url)
            let bins = try connection.execute(
                """
                SELECT net, sum(impressions)::bigint AS impressions, sum(clicks) AS clicks,
                       sum(abs(mean_prediction - click_rate) * impressions) / sum(impressions) AS error
                FROM rocket.reliability_bins GROUP BY net ORDER BY net
                """)
            let reports = try connection.execute(
                "SELECT net, impressions, clicks, calibration_error FROM rocket.evaluation_reports ORDER BY net")
            #expect(bins.count == 2 && reports.count == 2)
            for (bin, report) in zip(bins, reports) {
                #expect(try bin.int("impressions") == report.int("impressions"))
                #expect(try abs(bin.double("clicks") - report.double("clicks")) < 1e-9)
                #expect(try abs(bin.double("error") - report.double("calibration_error")) < 1e-12)
            }
            let slices = try connection.execute(
                """
                SELECT count(*) AS slices, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks
                FROM rocket.slice_reports WHERE feature = 'category' AND net = 'light'
                """)
            #expect(try slices.first?.int("impressions") == reports.first?.int("impressions"))
            #expect(try slices.first?.int("clicks") == reports.first?.int("clicks"))
            // Against SQL: the largest category is the one that the log has most of, with its clicks.
            let largest = try #require(
                try connection.execute(
                    """
                    SELECT value, impressions FROM rocket.slice_reports
                    WHERE feature = 'interests' AND net = 'light' AND slice = 1
                    """
                ).first)
            let counted = try #require(
                try connection.execute(
                    """
                    SELECT interest, count(*) AS n FROM ad_log.impressions, unnest(interests) AS interest
                    WHERE impressed_at >= '2026-01-07 00:00+00' AND impressed_at < '2026-01-08 00:00+00'
                    GROUP BY interest ORDER BY n DESC LIMIT 1
                    """
                ).first)
            #expect(try largest.text("value").contains(counted.text("interest")))
            #expect(try largest.int("impressions") >= counted.int("n"))
        }
    }

    @Test("The cached labels are those that attribution in SQL gives, and a damaged file is built again")
    func cacheAndDamage() throws {
        try TestJob.withJob { url, job in
            let day = try TestJob.day("2026-01-06")
            let built = try #require(try TestJob.session(url, job).extract(days: day...day, rebuild: false).first)
            #expect(built.built)
            let connection = try TestDatabase.connect(url)
            let clicked = try connection.execute(
                """
                SELECT count(*) AS n FROM ad_log.impressions i
                WHERE impressed_at >= '2026-01-06 00:00+00' AND impressed_at < '2026-01-07 00:00+00' AND EXISTS (
                    SELECT 1 FROM ad_log.clicks c WHERE c.impression_id = i.impression_id
                    AND c.clicked_at >= i.impressed_at AND c.clicked_at < i.impressed_at + interval '30 minutes')
                """
            ).first?.int("n")
            #expect(built.day.clicks == clicked && built.day.rows == 4_000)
            #expect(try TestJob.session(url, job).extract(days: day...day, rebuild: false).first?.built == false)
            let path = built.day.entries[2].path
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes.removeLast(5)
            try bytes.write(to: URL(fileURLWithPath: path))
            let again = try #require(try TestJob.session(url, job).extract(days: day...day, rebuild: false).first)
            #expect(again.built && again.day == built.day)
        }
    }

    @Test("Backfill makes a version for each day with a day before it, and judges it on the day itself")
    func backfill() throws {
        try TestJob.withJob { url, job in
            let days = try TestJob.day("2026-01-04")...TestJob.day("2026-01-08")
            let summary = try TestJob.session(url, job).backfill(BackfillRequest(days: days))
            #expect(summary.nights.map(\.day.description) == ["2026-01-06", "2026-01-07"])
            #expect(summary.skipped.map(\.day.description) == ["2026-01-04", "2026-01-05", "2026-01-08"])
            for (day, outcome) in summary.nights {
                let report = try #require(try ReportReader(database: url).reports(version: outcome.version).first)
                #expect(report.evaluatedDay == day && report.trainedTo < day)
            }
            let again = try TestJob.session(url, job).backfill(BackfillRequest(days: days))
            #expect(again.nights.allSatisfy { !$0.outcome.didWork } && again.exitStatus == .nothingToDo)
        }
    }

    @Test("A stored version judged again from the database gives the night's own figures")
    func evaluate() throws {
        try TestJob.withJob { url, job in
            let outcome = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let reader = try ReportReader(database: url)
            let before = try #require(try reader.reports(version: outcome.version).first)
            _ = try TestJob.session(url, job).evaluate(version: outcome.version, day: nil)
            let after = try #require(try reader.reports(version: outcome.version).first)
            #expect(after.light.auc == before.light.auc && after.booster.logLoss == before.booster.logLoss)
            #expect(throws: JobError.self) {
                try TestJob.session(url, job).evaluate(version: outcome.version, day: try TestJob.day("2026-01-06"))
            }
        }
    }

    @Test("Two versions from the same data, settings and seed have the same bytes, whatever the threads")
    func reproducible() throws {
        var digests: Set<String> = []
        for threads in [1, 2, 3] {
            let change = { (text: String) in
                text.replacing("batch_size: 128", with: "batch_size: 128, threads: \(threads)")
            }
            try TestJob.withJob(change: change) { url, job in
                let days = try TestJob.day("2026-01-05")...TestJob.day("2026-01-06")
                let outcome = try TestJob.session(url, job).train(days: days)
                let report = try #require(try ReportReader(database: url).reports(version: outcome.version).first)
                digests.insert(try #require(report.artifact).sha256)
            }
        }
        #expect(digests.count == 1)
    }

    @Test("While another session holds the job's lock, a second start says who and does nothing")
    func locked() throws {
        try TestJob.withJob { url, job in
            let holder = try Connection(ConnectionSettings(url), applicationName: "the other one")
            #expect(try holder.tryAdvisoryLock("rocket/test") != nil)
            let error = #expect(throws: JobError.self) { try TestJob.session(url, job).nightly(asOf: .now) }
            #expect(error.map { "\($0)".contains("the other one") && JobError.exitStatus(for: $0) == .locked } == true)
            withExtendedLifetime(holder) {}
        }
    }

    @Test("Bad nights end with their own error and exit code, and the ledger keeps them")
    func badNights() throws {
        try TestJob.withJob { url, job in
            let connection = try TestDatabase.connect(url)
            func status(_ body: (TestJob) throws -> Void) throws -> Runs.ExitStatus? {
                let session = try TestJob.session(url, job)
                do {
                    try body(session)
                    return nil
                } catch {
                    return JobError.exitStatus(for: error)
                }
            }
            // No impressions on the last mature day; a day that is not over; nothing before the first day.
            #expect(try status { _ = try $0.nightly(asOf: .endOf(try TestJob.day("2026-02-01"))) } == .dataCheckFailed)
            #expect(
                try status {
                    _ = try $0.extract(days: try TestJob.day("2999-01-01")...TestJob.day("2999-01-01"), rebuild: false)
                } == .dataCheckFailed)
            #expect(try status { _ = try $0.nightly(asOf: .endOf(try TestJob.day("2026-01-06"))) } == .dataCheckFailed)
            // No clicks at all: one class only.
            try connection.script("TRUNCATE ad_log.clicks")
            #expect(try status { _ = try $0.nightly(asOf: .instant("2026-01-08 01:00+00")) } == .dataCheckFailed)
            #expect(
                try connection.execute(
                    "SELECT error FROM rocket.runs WHERE status = 'failed' ORDER BY run_id DESC LIMIT 1"
                )
                .first?.text("error").contains("hold 0 clicks") == true)
            #expect(try connection.execute("SELECT count(*) AS n FROM rocket.model_versions").first?.int("n") == 0)
            #expect(
                try connection.execute("SELECT count(*) AS n FROM rocket.runs WHERE status = 'running'").first?.int("n")
                    == 0)
            // A column that is gone.
            try connection.script("ALTER TABLE ad_log.impressions DROP COLUMN price")
            #expect(throws: JobError.self) { try TestJob.session(url, job) }
            try connection.script("TRUNCATE ad_log.impressions; ALTER TABLE ad_log.impressions ADD price float8")
            #expect(try status { _ = try $0.nightly(asOf: .now) } == .dataCheckFailed)
        }
    }
}

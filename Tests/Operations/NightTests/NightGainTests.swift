import Backfill
import Evaluation
import ModelRegistry
import Night
import OperationsSupport
import Postgres
import Reports
import Runs
import TestSupport
import Testing

@Suite("Gains of a night")
struct NightGainTests {
    static func withNight(
        _ change: @escaping (String) -> String = { $0 },
        _ body: (_ reader: ReportReader, Connection, RunOutcome) throws -> Void
    ) throws {
        let both = { (text: String) in change(RegressionNightTests.change(text)) }
        try TestJob.withJob(change: both) { url, job in
            let outcome = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try body(ReportReader(database: url), TestDatabase.connect(url), outcome)
        }
    }

    @Test("Report, text, view and page give the paired differences of AUC and log loss with their errors")
    func differences() throws {
        try Self.withNight { reader, connection, _ in
            let report = try #require(try reader.reports().first)
            let names = [
                "light_minus_booster", "light_minus_light_alone", "booster_minus_booster_alone",
                "light_minus_logistic_regression", "booster_alone_minus_light_alone",
            ]
            for name in names {
                for metric in ["auc", "log_loss"] {
                    let line = try #require(report.comparison(name, metric), "\(name) \(metric)")
                    #expect(line.lower <= line.estimate && line.estimate <= line.upper)
                }
            }
            let auc = try #require(report.comparison("light_minus_light_alone", "auc"))
            #expect(try abs(auc.estimate - (#require(report.light.auc) - #require(report.lightAloneAUC))) < 1e-9)
            let loss = try #require(report.comparison("light_minus_logistic_regression", "log_loss"))
            let expected = try #require(report.light.logLoss) - #require(report.logisticRegression?.logLoss)
            #expect(abs(loss.estimate - expected) < 1e-9)
            // Nothing is shared and the gradient is blocked: the booster is exactly what it is alone.
            let booster = try #require(report.comparison("booster_minus_booster_alone", "auc"))
            #expect(booster.estimate == 0 && booster.standardError == 0)
            #expect(report.gains.count == 3 && report.gains.contains("booster: exactly as alone"))
            let gain = try #require(try connection.execute("SELECT * FROM rocket.rocket_gain").first)
            #expect(try gain.double("gain_standard_error") == auc.standardError)
            #expect(
                try gain.double("log_loss_gain") == report.comparison("light_minus_light_alone", "log_loss")?.estimate)
            #expect(try gain.double("booster_gain") == 0)
            let page = try ReportPage(report, from: reader).html
            #expect(page.contains("Differences of log loss") && page.contains("light − logistic regression"))
        }
    }

    @Test("A share of the gap is there where the gap is clear, with bounds; otherwise there is the reason")
    func gap() throws {
        try Self.withNight { reader, connection, _ in
            func set(gap: Double, error: Double) throws -> ModelReport {
                try connection.execute(
                    """
                    UPDATE rocket.model_comparisons SET estimate = $1, standard_error = $2
                    WHERE comparison = 'booster_alone_minus_light_alone' AND metric = 'auc'
                    """, [.double(gap), .double(error)])
                return try #require(try reader.reports().first)
            }
            let clear = try set(gap: 0.004, error: 0.001)
            #expect(clear.gapClosed != nil && clear.gapClosedNote == nil)
            let unclear = try set(gap: 0.001, error: 0.001)
            #expect(unclear.gapClosed == nil && unclear.gapClosedLow == nil)
            #expect(unclear.gapClosedNote == "the gap is inside its own error: 0.0010 ± 0.0010")
            #expect(try ReportPage(unclear, from: reader).html.contains("the gap is inside its own error"))
            let none = try set(gap: -0.004, error: 0.001)
            #expect(none.gapClosedNote?.hasPrefix("there is no gap: the booster alone is worse") == true)
            // As an earlier program left it: the share's own interval is all that is known.
            try connection.script(
                """
                DELETE FROM rocket.model_comparisons WHERE metric = 'log_loss' OR comparison NOT IN ('light_minus_booster');
                UPDATE rocket.evaluation_reports SET auc = 0.60 WHERE arm = 'light';
                UPDATE rocket.evaluation_reports SET auc = 0.62 WHERE arm = 'booster';
                UPDATE rocket.evaluation_reports SET auc = 0.61 WHERE arm = 'rocket' AND net = 'light';
                """)
            let unmeasured = try #require(try reader.reports().first)
            #expect(unmeasured.gapClosed == nil && unmeasured.gapClosedNote == "how sure the gap is was not measured")
            try connection.script(
                """
                INSERT INTO rocket.model_comparisons (version, day, comparison, estimate, standard_error, confidence,
                    lower_bound, upper_bound, replicates, clusters)
                SELECT version, day, 'gap_closed', 0.5, 0.1, 0.95, 0.3, 0.7, 400, 9 FROM rocket.model_comparisons LIMIT 1
                """)
            let old = try #require(try reader.reports().first)
            #expect(try abs(#require(old.gapClosed) - 0.5) < 1e-9 && old.gapClosedLow == 0.3)
            try connection.script(
                "UPDATE rocket.model_comparisons SET lower_bound = -4.8 WHERE comparison = 'gap_closed'")
            #expect(try reader.reports().first?.gapClosed == nil)
        }
    }

    @Test("The gate's rules hold a light net back that does not beat logistic regression, and are recorded")
    func gate() throws {
        let untrained = { (text: String) in
            text.replacing(
                "batch_size: 128",
                with:
                    "batch_size: 128, dense_learning_rate: 1e-9, embedding_learning_rate: 1e-9")
                + "\npromotion: {beat_logistic_regression: true, lowest_pcoc: 0, highest_pcoc: 100}"
        }
        try Self.withNight(untrained) { reader, _, outcome in
            let version = try #require(outcome.version)
            let decision = try #require(try reader.decision(of: version))
            #expect(decision.verdict == .held)
            let failed = decision.rules.filter { !$0.passed }.map(\.name).sorted()
            #expect(failed == ["beats_logistic_regression", "beats_logistic_regression_log_loss"])
        }
        try Self.withNight { reader, _, outcome in
            let version = try #require(outcome.version)
            let decision = try #require(try reader.decision(of: version))
            #expect(!decision.rules.contains { $0.name.hasPrefix("beats") })
        }
    }

    @Test("A version that a backfill made is judged by what it was compared with then")
    func gateLater() throws {
        let change = { (text: String) in
            RegressionNightTests.change(text)
                + "\npromotion: {beat_logistic_regression: true, lowest_pcoc: 0, highest_pcoc: 100}"
        }
        try TestJob.withJob(change: change) { url, job in
            let moment = AsOf.instant("2026-01-08 01:00+00")
            let day = try TestJob.day("2026-01-07")
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: day...day))
            let version = try #require(try TestJob.session(url, job).nightly(asOf: moment).version)
            let rules = try #require(try ReportReader(database: url).decision(of: version)).rules
            #expect(rules.filter { $0.name.hasPrefix("beats") && $0.value != nil }.count == 2)
        }
    }
}

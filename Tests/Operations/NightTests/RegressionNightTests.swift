import Logging
import Night
import OperationsSupport
import Postgres
import Reports
import Synchronization
import TestSupport
import Testing

@Suite("Logistic regression in a night")
struct RegressionNightTests {
    static func change(_ text: String) -> String {
        text.replacing("baselines: [light, booster]", with: "baselines: [logistic_regression, light, booster]")
    }

    @Test(
        "A night judges it on the nets' day; report, views and page show it; the nets are those of a night without it")
    func night() throws {
        let moment = AsOf.instant("2026-01-08 01:00+00")
        try TestJob.withJob(change: Self.change) { url, job in
            let version = try #require(try TestJob.session(url, job).nightly(asOf: moment).version)
            let reader = try ReportReader(database: url)
            let report = try #require(try reader.reports(version: version).first)
            let regression = try #require(report.logisticRegression)
            #expect(try #require(regression.auc) > 0.6)
            #expect(regression.parameters > 20)
            #expect(try abs(#require(regression.pcoc) - 1) < 0.5)
            let connection = try TestDatabase.connect(url)
            let row = try #require(
                try connection.execute(
                    """
                    SELECT r.logistic_regression_auc, r.logistic_regression_log_loss, e.auc, e.log_loss, e.impressions,
                           a.auc AS by_day, (SELECT count(*) FROM rocket.reliability_bins b WHERE b.net = e.net) AS bins,
                           v.training->'logistic_regression'->>'samples' AS samples
                    FROM rocket.model_report r JOIN rocket.evaluation_reports e
                        ON e.version = r.version AND e.arm = 'logistic_regression' AND e.net = 'logistic_regression'
                    JOIN rocket.auc_by_day a ON a.version = e.version AND a.arm = e.arm
                    JOIN rocket.model_versions v ON v.version = e.version
                    """
                ).first)
            #expect(try row.double("logistic_regression_auc") == regression.auc)
            #expect(try row.double("by_day") == regression.auc)
            #expect(try row.double("logistic_regression_log_loss") == regression.logLoss)
            #expect(try row.int("impressions") == 4_000)
            #expect(try row.int("bins") == 20)
            #expect(try #require(Int(row.text("samples"))) % 8_000 == 0)
            #expect(try ReportPage(report, from: reader).html.contains("logistic regression"))
            let light = try connection.execute(
                "SELECT sha256 FROM rocket.artifacts WHERE name = 'model.safetensors'"
            ).first?.text("sha256")
            try TestJob.withJob { url, job in
                _ = try TestJob.session(url, job).nightly(asOf: moment)
                let alone = try TestDatabase.connect(url).execute(
                    "SELECT sha256 FROM rocket.artifacts WHERE name = 'model.safetensors'"
                ).first?.text("sha256")
                #expect(light == alone)
            }
        }
    }

    @Test("A night whose light net is not better warns, and one whose light net is better does not")
    func warning() throws {
        for (rate, warns) in [("1e-9", true), ("0.01", false)] {
            let messages = Mutex<[String]>([])
            // Without embeddings that learn, the light net knows the click rate only.
            let change = { (text: String) in
                Self.change(text).replacing(
                    "batch_size: 128",
                    with: "batch_size: 128, epochs: \(warns ? 1 : 3), "
                        + "dense_learning_rate: \(rate), embedding_learning_rate: \(warns ? "1e-9" : "0.05")")
            }
            try TestJob.withJob(change: change) { url, job in
                let log = Logger(label: "tests") { _ in
                    CapturedLog { level, text in
                        if level >= .warning { messages.withLock { $0.append(text) } }
                    }
                }
                let session = try TestJob(jobFile: job, database: url, log: log)
                _ = try session.nightly(asOf: .instant("2026-01-08 01:00+00"))
            }
            let text = messages.withLock { $0 }.joined(separator: "\n")
            #expect(text.contains("the light net is not better than logistic regression") == warns, "\(text)")
        }
    }

    @Test("An experiment trains it as an arm, a row for each seed")
    func experiment() throws {
        try TestJob.withJob { url, job in
            let day = try TestJob.day("2026-01-07")
            let session = try TestJob.session(url, job)
            let result = try session.experiment(day: day, arms: [.logisticRegression, .nets(.light)], seeds: 2)
            #expect(result.trained == 4)
            let lines = try ReportReader(database: url).experiment(fingerprint: result.fingerprint)
            let line = try #require(lines.first { $0.arm == "logistic_regression" })
            #expect(line.net == "logistic_regression" && line.seeds == 2)
            #expect(try #require(line.auc) > 0.6)
            #expect(line.seconds > 0)
            #expect(try session.experiment(day: day, arms: [.logisticRegression], seeds: 2).trained == 0)
        }
    }
}

/// Gives each line to a closure.
private struct CapturedLog: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info
    let write: @Sendable (Logger.Level, String) -> Void

    init(_ write: @escaping @Sendable (Logger.Level, String) -> Void) { self.write = write }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { write(event.level, event.message.description) }
}

import Alerts
import Foundation
import Runs
import TestSupport
import Testing

/// The file that Prometheus reads.
@Suite struct MetricsTests {
    private static let figures = LedgerFigures(
        run: 7, lastSuccess: 1_000, rowsExtracted: 12_345,
        stages: [.init(name: "extract", seconds: 1.5), .init(name: "a \"b\\c\"\nd", seconds: 2)],
        model: [.init(.lightAUC, 0.75), .init(.liveVersion, 3)])

    private func metrics(
        _ command: String = "nightly", _ exit: Runs.ExitStatus = .done, model: String = "ads",
        ledger: LedgerFigures? = figures
    ) -> RunMetrics {
        RunMetrics(
            model: model, command: command, exit: exit, endedAt: 2_000.25, seconds: 60, peakMemory: 1 << 20,
            ledger: ledger)
    }

    private func value(_ samples: [MetricSample], _ metric: Metric, _ command: String = "nightly") -> Double? {
        let found = samples.filter { sample in
            sample.metric == metric && sample.labels.contains(MetricLabel("model", "ads"))
                && sample.labels.allSatisfy { $0.name != "command" || $0.value == command }
        }
        return found.count == 1 ? found.first?.value : nil
    }

    @Test("A run's figures are text with HELP, TYPE, escaped labels and one line each")
    func text() {
        let text = MetricText.text(metrics().samples(after: []))
        for line in [
            "# TYPE rocket_run_exit_code gauge", #"rocket_run_exit_code{model="ads",command="nightly"} 0"#,
            #"rocket_run_end_timestamp_seconds{model="ads",command="nightly"} 2000.25"#,
            #"rocket_last_success_timestamp_seconds{model="ads",command="nightly"} 2000.25"#,
            #"rocket_stage_seconds{model="ads",command="nightly",stage="a \"b\\c\"\nd"} 2"#,
            #"rocket_rows_extracted{model="ads",command="nightly"} 12345"#,
            #"rocket_peak_memory_bytes{model="ads",command="nightly"} 1048576"#, #"rocket_light_auc{model="ads"} 0.75"#,
            #"rocket_live_version{model="ads"} 3"#,
        ] {
            #expect(text.components(separatedBy: "\n").filter { $0 == line }.count == 1, "\(line)\n\(text)")
        }
        #expect(text.hasSuffix("\n") && !text.contains("rocket_booster_auc"))
    }

    @Test("What is written is read back the same, whatever the labels and numbers hold")
    func roundTrip() {
        let samples = [
            MetricSample(.exitCode, [MetricLabel("model", "a\\n\"}, {b\n=é"), MetricLabel("command", "")], -1.5e-9),
            MetricSample(.exitCode, [], .infinity), MetricSample(.lightAUC, [MetricLabel("model", "x")], 1e300),
        ]
        #expect(MetricText.samples(MetricText.text(samples)) == samples)
        #expect(MetricText.samples("rocket_light_auc{model=\"x\nrocket_light_auc x\nother 1\n# x\n") == [])
    }

    @Test("A failed run keeps the time of the last success: the ledger's, else the file's")
    func lastSuccess() {
        let failed = metrics("nightly", .dataCheckFailed).samples(after: [])
        #expect(value(failed, .lastSuccess) == 1_000 && value(failed, .exitCode) == 5)
        let before = metrics().samples(after: [])
        let unreachable = metrics("nightly", .database, ledger: nil).samples(after: before)
        #expect(value(unreachable, .lastSuccess) == 2_000.25 && value(unreachable, .exitCode) == 7)
        #expect(value(unreachable, .lightAUC) == 0.75, "what is known of the model stays")
        #expect(value(unreachable, .rowsExtracted) == nil, "what was known of another run goes")
        #expect(value(metrics("nightly", .database, ledger: nil).samples(after: []), .lastSuccess) == nil)
        for exit in [Runs.ExitStatus.held, .nothingToDo] {
            #expect(value(metrics("nightly", exit).samples(after: []), .lastSuccess) == 2_000.25)
        }
    }

    @Test("Other commands and models keep their samples; those of a job file that could not be read go")
    func neighbours() {
        let broken = metrics("nightly", .configuration, model: "", ledger: nil).samples(after: [])
        let other = metrics("backfill", .held).samples(after: broken + metrics(model: "other").samples(after: []))
        let all = metrics("nightly", .nothingToDo).samples(after: other)
        #expect(value(all, .exitCode, "backfill") == 8 && value(all, .exitCode) == 3)
        #expect(all.filter { $0.metric == .exitCode }.count == 3)
        #expect(all.filter { $0.metric == .lightAUC }.count == 2)
        var nothingLive = Self.figures
        nothingLive.model = []
        #expect(value(metrics(ledger: nothingLive).samples(after: all), .liveVersion) == nil)
    }

    @Test("The file is replaced whole, readable by all, and nothing is left beside it")
    func file() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/rocket.prom"
            let old = umask(0o077)
            defer { umask(old) }
            try MetricsFile(path).update(metrics().samples(after:))
            try MetricsFile(path).update(metrics("train").samples(after:))
            let samples = MetricText.samples(try String(contentsOfFile: path, encoding: .utf8))
            #expect(samples.filter { $0.metric == .exitCode }.count == 2)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o644)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["rocket.prom"])
            let others = "\(folder)/notes"
            for (text, isOwn) in [("notes\n", false), ("other 1\n", false), ("", true), ("# HELP rocket_x y\n", true)] {
                try text.write(toFile: others, atomically: true, encoding: .utf8)
                if isOwn {
                    try MetricsFile(others).update(metrics().samples(after:))
                } else {
                    #expect(throws: MetricsFile.CannotWrite.self) { try MetricsFile(others).update { $0 } }
                }
                #expect(try String(contentsOfFile: others, encoding: .utf8).contains("rocket_run_exit_code") == isOwn)
            }
            #expect(throws: MetricsFile.CannotWrite.self) {
                try MetricsFile("\(folder)/none/rocket.prom").update { $0 }
            }
        }
    }

    @Test("Every metric has a name that Prometheus takes, and says what it is")
    func names() {
        for metric in Metric.allCases {
            #expect(metric.rawValue.wholeMatch(of: /rocket_[a-z0-9_]+/) != nil && metric.help.hasSuffix("."))
        }
    }
}

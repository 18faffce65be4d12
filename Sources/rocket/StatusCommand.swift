import ArgumentParser
import Jobs
import Reports
import TextTable

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "The last runs and the newest version of each model.",
        discussion: """
            Examples:
              rocket status
              rocket status --model quickstart --json
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(help: "Only this model.")
    var model: String?

    @Option(help: ArgumentHelp("How many runs.", valueName: "count"))
    var runs = 10

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        let reader = try ReportReader(database: database.database)
        let counts = try reader.counts()
        var models: [String: ModelReport] = [:]
        for report in try reader.reports(model: model) where models[report.model] == nil {
            models[report.model] = report
        }
        let newest = models.values.sorted { $0.model < $1.model }
        let runs = try reader.runs(model: model, limit: runs)
        if json {
            try printJSON(
                Status(
                    models: newest, runs: runs, cachedDays: counts.cachedDays, cachedBytes: counts.cachedBytes,
                    quarantinedRows: counts.quarantined))
            return
        }
        print(newest.isEmpty ? "no versions yet; run: rocket nightly" : reportTable(newest))
        print(
            """
            \(counts.cachedDays) cached days, \(counts.cachedBytes.grouped) bytes; \
            \(counts.quarantined.grouped) rows in rocket.quarantine_rows
            """)
        print(runTable(runs))
    }

    private struct Status: Encodable {
        let models: [ModelReport]
        let runs: [RunReport]
        let cachedDays: Int
        let cachedBytes: Int
        let quarantinedRows: Int

        enum CodingKeys: String, CodingKey {
            case models, runs
            case cachedDays = "cached_days"
            case cachedBytes = "cached_bytes"
            case quarantinedRows = "quarantined_rows"
        }
    }
}

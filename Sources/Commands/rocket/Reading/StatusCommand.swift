import ArgumentParser
import CacheUpkeep
import Days
import Files
import Reports
import TextTable

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the last runs, the newest version of each model, and stale or missing days.",
        discussion: """
            Compares every cached day with the logs: a day is stale if impressions were added or removed since, or if \
            late clicks change a label (rocket backfill --stale repairs it). Days without impressions \
            between the first and the last are named, and rows whose time belongs to no day are counted. A model whose \
            logs cannot be read says why in a separate line. --no-logs reads none of this.

            The newest cached days have an account in which every impression and every click is counted once: \
            impressions read = used + rejected + repeated; click events = labels + duplicate + late + early + orphan + \
            ambiguous. --accounts prints it alone. --csv prints the runs alone, or with --accounts the account.

            Examples:
              rocket status
              rocket status --model quickstart --json
              rocket status --accounts --days 30 --csv
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var source: SourceDatabaseOptions

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Number of runs to show.", valueName: "count"))
    var runs = 10

    @Option(help: ArgumentHelp("Number of cached days per model whose account is shown.", valueName: "count"))
    var days = 7

    @Flag(help: "Print only the account of the cached days.")
    var accounts = false

    @Flag(inversion: .prefixedNo, help: "Compare the cached days with the logs.")
    var logs = true

    @OptionGroup var output: OutputOptions

    func run() throws {
        let model = try model.name()
        let reader = try ReportReader(database: database.database)
        let accounted = try reader.accounts(model: model, limit: days)
        if accounts { return try show(accounted) }
        let runs = try reader.runs(model: model, limit: runs)
        if output.form == .csv { return printCSV(runs, CSVColumn<RunReport>.runs) }
        let counts = try reader.counts()
        var models: [String: ModelReport] = [:]
        for report in try reader.reports(model: model) where models[report.model] == nil {
            models[report.model] = report
        }
        let newest = models.values.sorted { $0.model < $1.model }
        let health =
            try logs
            ? logHealth(
                model: model, database: database.database, sourceDatabase: source.sourceDatabase) : []
        if output.form == .json {
            try printJSON(
                Status(
                    models: newest, runs: runs, accounts: accounted, cachedDays: counts.cachedDays,
                    cachedBytes: counts.cachedBytes, quarantinedRows: counts.quarantined,
                    rejectedRows: counts.rejected,
                    stale: health.flatMap { log in log.stale.map { StaleLine(model: log.model, day: $0) } },
                    missing: health.flatMap { log in log.missing.map { StaleLine(model: log.model, day: $0) } },
                    problems: health.flatMap { log in
                        (log.oddTimes + [log.problem].compactMap { $0 }).map {
                            LogProblem(model: log.model, problem: $0)
                        }
                    }))
            return
        }
        printUnchanged(newest.isEmpty ? "no versions yet; run: rocket nightly" : reportTable(newest))
        print(
            """
            \(counts.cachedDays) cached days, \(counts.cachedBytes.grouped) bytes; \
            \(counts.quarantined.grouped) rows in rocket.quarantine_rows, \(counts.rejected.grouped) impressions left out
            """)
        if !accounted.isEmpty { print(accountTables(accounted)) }
        for log in health {
            if !log.stale.isEmpty {
                print("\(log.model): stale \(log.stale.stretches); run: rocket backfill --job FILE --stale")
            }
            if !log.missing.isEmpty { print("\(log.model): no impressions on \(log.missing.stretches)") }
            for odd in log.oddTimes { print("\(log.model): \(odd)") }
            if let problem = log.problem {
                print("\(log.model): its logs cannot be looked at: \(VisibleText.escaped(problem))")
            }
        }
        printUnchanged(runTable(runs))
        if let failed = runs.first(where: { $0.error != nil }) {
            print("the whole of an error, and the stages of a run: rocket runs show \(failed.run)")
        }
    }

    private func show(_ accounted: [DayAccountLine]) throws {
        switch output.form {
        case .json: try printJSON(accounted)
        case .csv: printCSV(accounted, CSVColumn<DayAccountLine>.accounts)
        case .text: print(accounted.isEmpty ? "no cached days yet" : accountTables(accounted))
        }
    }

    func validate() throws {
        if days < 1 { throw ValidationError("--days \(days): expected 1 or more") }
    }

    private struct StaleLine: Encodable {
        let model: String
        let day: Day
    }

    private struct LogProblem: Encodable {
        let model, problem: String
    }

    private struct Status: Encodable {
        let models: [ModelReport]
        let runs: [RunReport]
        let accounts: [DayAccountLine]
        let cachedDays: Int
        let cachedBytes: Int
        let quarantinedRows: Int
        let rejectedRows: Int
        let stale: [StaleLine]
        let missing: [StaleLine]
        let problems: [LogProblem]

        enum CodingKeys: String, CodingKey {
            case models, runs, accounts, stale, missing, problems
            case rejectedRows = "rejected_rows"
            case cachedDays = "cached_days"
            case cachedBytes = "cached_bytes"
            case quarantinedRows = "quarantined_rows"
        }
    }
}

import ArgumentParser
import Jobs
import Reports

struct BackfillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "One nightly job for each day of a range.",
        discussion: """
            Each version is judged on a day of the range and trained on the days of the window before it, so it sees \
            only what it would have seen that night. Days without earlier days to train on are named and left out. \
            Nights that were done before are skipped, so it is safe to repeat (exit code 3 when all were).

            Example:
              rocket backfill --job jobs/open-bandit.yaml --from 2019-11-24 --to 2019-11-30
              rocket backfill --job jobs/open-bandit.yaml --stale

            --stale builds exactly those cached days again whose logs have changed since (rocket status lists them) and \
            tells labels flipped, rows added and rows gone; they are kept in rocket.cache_rebuilds.
            """)

    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("First day to judge a model on.", valueName: "YYYY-MM-DD"))
    var from: Day?

    @Option(help: ArgumentHelp("Last day to judge a model on.", valueName: "YYYY-MM-DD"))
    var to: Day?

    @Flag(help: "Instead of a range: build the cached days again whose logs have changed.")
    var stale = false

    @Flag(help: "Print the reports as JSON, one array.")
    var json = false

    func validate() throws {
        guard !stale else {
            if from != nil || to != nil {
                throw ValidationError("--stale finds its days by itself; leave --from and --to out")
            }
            return
        }
        guard let from, let to else { throw ValidationError("a backfill needs --from and --to, or --stale") }
        if to < from { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    func run() throws {
        try options.run("backfill", .asJobFile) { session in
            if let from, let to { try show(session.backfill(days: from...to)) } else { try show(session.rebuildStale()) }
        }
    }

    private func show(_ summary: BackfillSummary) throws {
        let reader = try ReportReader(database: options.database.database)
        let reports = try summary.nights.compactMap { night in
            try night.outcome.version.flatMap { try reader.reports(version: $0).last { $0.evaluatedDay == night.day } }
        }
        if json {
            try printJSON(reports)
        } else {
            print(reportTable(reports))
            for (day, reason) in summary.skipped { print("\(day): no version, \(reason)") }
            print(
                "\(summary.nights.count) versions, \(summary.nights.filter(\.outcome.didWork).count) of them made now")
        }
        if !summary.nights.contains(where: \.outcome.didWork) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    private func show(_ rebuilt: [RebuiltDay]) throws {
        if json {
            try printJSON(rebuilt.map(RebuiltLine.init))
        } else {
            for day in rebuilt { print("\(day.day)  rebuilt: \(day.difference)") }
            if rebuilt.isEmpty { print("no cached day is stale") }
        }
        if rebuilt.isEmpty { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

/// A rebuilt day as scripts read it.
private struct RebuiltLine: Encodable {
    let day: Day
    let labelsFlipped: Int
    let rowsAdded: Int
    let rowsGone: Int

    init(_ rebuilt: RebuiltDay) {
        day = rebuilt.day
        labelsFlipped = rebuilt.difference.labelsFlipped
        rowsAdded = rebuilt.difference.rowsAdded
        rowsGone = rebuilt.difference.rowsGone
    }

    enum CodingKeys: String, CodingKey {
        case day
        case labelsFlipped = "labels_flipped"
        case rowsAdded = "rows_added"
        case rowsGone = "rows_gone"
    }
}

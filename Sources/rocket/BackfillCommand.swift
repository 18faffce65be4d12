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
            """)

    @OptionGroup var options: JobOptions

    @Option(help: ArgumentHelp("First day to judge a model on.", valueName: "YYYY-MM-DD"))
    var from: Day

    @Option(help: ArgumentHelp("Last day to judge a model on.", valueName: "YYYY-MM-DD"))
    var to: Day

    @Flag(help: "Print the reports as JSON, one array.")
    var json = false

    func validate() throws {
        if to < from { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    func run() throws {
        let summary = try options.session().backfill(days: from...to)
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
}

import ArgumentParser
import Jobs
import Reports

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how good and how fast a version is.",
        discussion: """
            Light beside booster on the day that neither has seen, what the nets reach alone, how much of the gap \
            rocket closed, latency, and where the model is.

            Examples:
              rocket report
              rocket report --model quickstart --all
              rocket report --model-version 12 --json
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(help: "Only this model. Default: the newest report of any.")
    var model: String?

    @Option(help: ArgumentHelp("Only this version.", valueName: "number"))
    var modelVersion: Int?

    @Flag(help: "All reports as a table (with --json: an array), newest first.")
    var all = false

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        let reports = try ReportReader(database: database.database)
            .reports(model: model, version: modelVersion, limit: all ? 1_000 : 1)
        guard let newest = reports.first else { throw JobError.noVersion(model: model ?? "any") }
        switch (all, json) {
        case (true, true): try printJSON(reports)
        case (true, false): print(reportTable(reports))
        case (false, true): try printJSON(newest)
        case (false, false): print(reportText(newest))
        }
    }
}

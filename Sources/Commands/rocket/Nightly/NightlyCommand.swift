import ArgumentParser
import Days
import Night

struct NightlyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nightly",
        abstract: "Run the whole job for one night: extract, train, judge, publish.",
        discussion: """
            Takes the last mature day (the day and the attribution window after it have passed), trains on the window \
            before it and judges both nets on it. Version, weights, reports and the gate's verdict are written in one \
            transaction. If the gate holds the version back, the exit code is 8. A second run finds the work done and \
            does nothing (exit code 3).

            Examples:
              rocket nightly --job jobs/quickstart.yaml
              rocket nightly --job jobs/quickstart.yaml --as-of 2026-11-22
              rocket nightly --job jobs/quickstart.yaml --json | jq .light.auc
            """)

    @OptionGroup var options: RunOptions

    @Option(
        help: ArgumentHelp(
            "Act as if it were the end of this day, or this moment (2026-11-23T03:30Z). Default: now.",
            valueName: "date"))
    var asOf: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let asOf: AsOf = asOf.map { text in Day(text).map { .endOf($0) } ?? .instant(text) } ?? .now
        try options.run("nightly", .asJobFile) { job in
            try finish(
                Nightly(job, launch: LaunchedProcess.launch).run(asOf: asOf), of: job, form: output.form,
                guiding: !options.job.quiet && options.database.database == nil, database: options.database.database)
        }
    }
}

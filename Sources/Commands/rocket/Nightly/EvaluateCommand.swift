import ArgumentParser
import Days
import Night

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judge a stored version on a day that it has not seen.",
        discussion: """
            Loads the weights from the database, scores the day with both nets, measures latency and stores the \
            reports with the version.

            Examples:
              rocket evaluate --job ads.yaml
              rocket evaluate --job ads.yaml --model-version 12 --day 2026-11-22 --json
            """)

    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("Default: the model's newest.", valueName: "number"))
    var modelVersion: Int?

    @Option(help: ArgumentHelp("Default: the day after the last one trained on.", valueName: "YYYY-MM-DD"))
    var day: Day?

    @OptionGroup var output: OutputOptions

    func run() throws {
        try options.run("evaluate") { job in
            let outcome = try VersionEvaluation(job).run(version: modelVersion, day: day)
            try finish(outcome, of: job, day: day, form: output.form, database: options.database.database)
        }
    }
}

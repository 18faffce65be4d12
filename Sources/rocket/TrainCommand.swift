import ArgumentParser
import Jobs

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a version on a range of days, without judging it.",
        discussion: """
            Trains booster and light net together and stores the version. Judge it with rocket evaluate; \
            rocket nightly does both.

            Example:
              rocket train --job jobs/quickstart.yaml --from 2026-11-15 --to 2026-11-21
            """)

    @OptionGroup var options: JobOptions

    @Option(help: ArgumentHelp("First day to train on.", valueName: "YYYY-MM-DD"))
    var from: Day

    @Option(help: ArgumentHelp("Last day to train on.", valueName: "YYYY-MM-DD"))
    var to: Day

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if to < from { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    func run() throws {
        let outcome = try options.session().train(days: from...to)
        try finish(outcome, json: json, database: options.database.database)
    }
}

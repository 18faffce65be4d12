import ArgumentParser
import Days
import Foundation
import Night
import TextTable

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a version on a range of days, without judging it.",
        discussion: """
            Trains booster and light net together and stores the version. Judge it with rocket evaluate; rocket \
            nightly does both.

            Example:
              rocket train --job ads.yaml --from 2026-11-15 --to 2026-11-21
            """)

    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("First day to train on.", valueName: "YYYY-MM-DD"))
    var from: Day

    @Option(help: ArgumentHelp("Last day to train on.", valueName: "YYYY-MM-DD"))
    var to: Day

    @Flag(help: "Print where the time went, and the share of what bare matrix products reach here.")
    var profile = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if to < from { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    func run() throws {
        try options.run("train") { job in
            let trained = try VersionTraining(job, launch: LaunchedProcess.launch).run(days: from...to)
            if profile, let profile = trained.profile { show(profile) }
            try finish(trained.outcome, of: job, form: output.form, database: options.database.database)
        }
    }

    /// To standard error with `--json` and `--csv`, so that standard output stays what they promise.
    private func show(_ profile: TrainingProfile) {
        let total = profile.parts.reduce(0) { $0 + $1.seconds }
        let table = TextTable<(name: String, seconds: Double)> { part in
            [
                Column(title: "part of the step", value: part.name),
                Column(title: "thread seconds", value: number(part.seconds, digits: 2), align: .right),
                Column(title: "share", value: percent(part.seconds / max(total, 1e-9)), align: .right),
            ]
        }
        let text = """
            \(table.string(for: profile.parts) ?? "")
            \(Int(profile.samplesPerSecond).grouped) samples/s on \(profile.threads) threads, \
            \(percent(profile.gemmPeakShare)) of what bare matrix products reach

            """
        if output.form == .text { print(text, terminator: "") } else { complain(text) }
    }
}

import ArgumentParser
import Files
import Reports
import Runs

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List the runs in the ledger, or show one.",
        subcommands: [List.self, Show.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List runs, newest first.",
            discussion: """
                Examples:
                  rocket runs list
                  rocket runs list --model quickstart --count 50 --csv
                """)

        @OptionGroup var database: DatabaseOptions

        @Option(help: "Only this model.")
        var model: String?

        @Option(help: ArgumentHelp("Number of runs to show.", valueName: "count"))
        var count = 20

        @OptionGroup var output: OutputOptions

        func validate() throws {
            if count < 1 { throw ValidationError("--count \(count): expected 1 or more") }
        }

        func run() throws {
            let runs = try ReportReader(database: database.database).runs(model: model, limit: count)
            switch output.form {
            case .json: try printJSON(runs)
            case .csv: printCSV(runs, CSVColumn<RunReport>.runs)
            case .text: printUnchanged(runs.isEmpty ? "no runs yet; run: rocket nightly" : runTable(runs))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show a run: what it did, how long each stage took, and its whole error.",
            discussion: """
                Example:
                  rocket runs show 12
                """)

        @OptionGroup var database: DatabaseOptions

        @Argument(help: "Number of the run.")
        var number: Int

        @Flag(help: "Print as JSON: the keys of rocket runs list, and stages.")
        var json = false

        func run() throws {
            let reader = try ReportReader(database: database.database)
            guard let run = try reader.run(number) else { throw JobError.noRun(number) }
            let stages = try reader.stages(of: number)
            if json { return try printJSON(RunWithStages(run: run, stages: stages)) }
            print(runText(run, stages))
        }
    }
}

/// A run's keys and its stages in one object.
private struct RunWithStages: Encodable {
    let run: RunReport
    let stages: [VersionDetails.Stage]

    private enum Keys: String, CodingKey { case stages }

    func encode(to encoder: any Encoder) throws {
        try run.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(stages, forKey: .stages)
    }
}

/// A run as a page of text.
private func runText(_ run: RunReport, _ stages: [VersionDetails.Stage]) -> String {
    let held = run.exitCode == Int(ExitStatus.held.rawValue)
    var lines = ["run \(run.run): \(run.command) of model \(run.model), \(held ? "held" : run.status)"]
    if let day = run.evaluatedDay { lines.append("judged on   \(day)") }
    if let version = run.version { lines.append("version     \(version)") }
    if let code = run.exitCode { lines.append("exit code   \(code)") }
    lines.append("started     \(run.startedAt)")
    if let seconds = run.seconds { lines.append("took        \(number(seconds, digits: 1)) s") }
    if run.attempts > 1 { lines.append("attempts    \(run.attempts)") }
    if let bytes = run.peakMemoryBytes { lines.append("peak memory \((bytes >> 20).grouped) MiB") }
    lines.append("process     \(run.pid) on \(run.host)")
    if let stage = run.stage { lines.append("doing       \(stage)") }
    if !stages.isEmpty { lines += ["", stageTable(stages)] }
    if let error = run.error {
        lines += ["", TerminalText.standardOutput.wrapped(VisibleText.escaped(error, lineBreaks: .kept), indent: 0)]
    }
    return lines.joined(separator: "\n") + "\n"
}

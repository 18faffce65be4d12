import ArgumentParser
import Days
import Experiments
import Foundation
import Reports
import Runs
import TextTable

/// `rocket experiment --search`.
struct SearchOptions: ParsableArguments {
    @Flag(help: "Search for better settings of the job file, on the training rows alone.")
    var search = false

    @Option(
        help: ArgumentHelp("With --search: time for all trainings together, such as 30m or 2h.", valueName: "time"))
    var budget = "30m"

    @Option(
        help:
            "With --search: the largest number of variants. If the budget suffices, the search is repeatable exactly."
    )
    var trials: Int?

    @Option(
        help: ArgumentHelp(
            "With --search: the keys to try, separated by commas. Default: all but nets.light.hidden, which decides what "
                + "serving costs. Known: " + SettingSearchRequest.knownKeys.joined(separator: ", ") + ".",
            valueName: "keys"))
    var keys: String?

    @Option(
        name: [.long, .customShort("o")],
        help: ArgumentHelp(
            "With --search: where to write the resulting job file: the given one, with changes that proved better.",
            valueName: "file"
        ))
    var output: String?

    func validate() throws {
        guard search else {
            for (isGiven, name) in [
                (keys != nil, "--keys"), (output != nil, "--output"), (trials != nil, "--trials"),
            ] where isGiven {
                throw ValidationError("\(name) goes with --search only")
            }
            return
        }
        _ = try duration()
        _ = try wantedKeys()
        if let trials, !(2...1_000).contains(trials) {
            throw ValidationError("--trials is \(trials); expected 2 to 1000")
        }
        if let output, FileManager.default.fileExists(atPath: output) {
            throw ValidationError("--output \(output) exists; name a new file, or remove it")
        }
    }

    private func duration() throws -> Duration {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600]
        guard let unit = budget.last.flatMap({ units[$0] }), let count = Int(budget.dropLast()), count > 0,
            count <= 604_800 / unit
        else {
            throw ValidationError(
                "--budget is ‘\(budget)’; expected a whole number with its unit, such as 90s, 30m or 2h")
        }
        return .seconds(count * unit)
    }

    private func wantedKeys() throws -> Set<String>? {
        guard let keys else { return nil }
        return try Set(
            keys.split(separator: ",").map { key in
                let key = key.trimmingCharacters(in: .whitespaces)
                guard SettingSearchRequest.knownKeys.contains(key) else {
                    throw ValidationError(
                        "--keys: ‘\(key)’ cannot be tried; expected some of "
                            + SettingSearchRequest.knownKeys.joined(separator: ", "))
                }
                return key
            })
    }

    func run(_ options: JobOptions, day: Day, _ form: OutputOptions) throws {
        let result = try SettingSearch(options.open(), launch: LaunchedProcess.launch).run(
            SettingSearchRequest(
                day: day, budget: try duration(), mostTrials: trials, keys: try wantedKeys()))
        var lines = try ReportReader(database: options.database.database).search(fingerprint: result.fingerprint)
        let handedOut = lines.firstIndex { $0.rung == result.rung && $0.changes == result.changes }
        if let handedOut { lines[handedOut].decision = result.decision }
        switch form.form {
        case .json: try printJSON(lines)
        case .csv: printCSV(lines, CSVColumn<SearchLine>.trials)
        case .text:
            print(table(lines))
            print(result.decision)
        }
        if let output {
            try Data(result.best.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
            if form.form == .text { print("wrote \(output)") }
        }
        if result.trained == 0 { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    private func table(_ lines: [SearchLine]) -> String {
        TextTable<SearchLine> { line in
            [
                Column(
                    title: "epochs at most", value: line.seeds.map { "final, \($0) seeds" } ?? "\(line.mostEpochs)",
                    align: .right),
                Column(title: "changes", value: line.changes.isEmpty ? "(as it is)" : line.changes),
                Column(title: "light log loss", value: number(line.lightLogLoss, digits: 5), align: .right),
                Column(title: "difference", value: number(line.difference, digits: 5), align: .right),
                Column(title: "± s.e.", value: number(line.standardError, digits: 5), align: .right),
                Column(title: "booster log loss", value: number(line.boosterLogLoss, digits: 5), align: .right),
                Column(title: "best epoch", value: number(line.epochs, digits: 2), align: .right),
                Column(title: "s", value: number(line.seconds, digits: 1), align: .right),
            ]
        }.string(for: lines, style: Style.psql) ?? ""
    }
}

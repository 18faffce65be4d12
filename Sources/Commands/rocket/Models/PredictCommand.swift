import ArgumentParser
import Days
import Deployment
import Foundation
import Runs

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Score impressions with a version's light net.",
        discussion: """
            With --day: scores all impressions of a day of the log that the version was trained on into \
            rocket.predictions, in one transaction; a day that is predicted again replaces what was there. Impressions \
            that cannot be scored get a row with the problem.

            Without --day: reads JSON lines from standard input, each an object of raw values by column ({"user_id": \
            "u7", "price": 1.5, "tags": ["a", "b"]}). A column that is null or absent is missing; the log's columns that the \
            model does not read are ignored. A name that is no column of the log, or a line without any column that the \
            model reads, is a problem unless --allow-unknown is given. Prints one line per row: {"row": 1, "probability": 0.0312}, or {"row": 1, \
            "problem": "…"}; exit code 5 if there was a problem. With --folder no database is needed.

            Examples:
              rocket predict --model-version 12 --day 2026-01-05
              rocket predict --model quickstart < impressions.jsonl
              rocket predict --folder models/quickstart-12 < impressions.jsonl
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var source: SourceDatabaseOptions

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Number of the version, or: live. Default: live.", valueName: "version"))
    var modelVersion: VersionChoice?

    /// What `--model` meant before it was the model's name: the version, with the name here.
    @Option(help: .hidden)
    var name: String?

    @Option(help: "Which of several light nets. Default: the one that is served.")
    var net: String?

    @Option(help: "A folder that rocket models pull wrote, instead of a version.")
    var folder: String?

    @Option(help: ArgumentHelp("Day of the log whose impressions are scored.", valueName: "YYYY-MM-DD"))
    var day: Day?

    @Flag(help: "Without --day: ignore names that are no columns, and score lines that name no column of the model.")
    var allowUnknown = false

    @Flag(name: .shortAndLong, help: "Print only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    @Flag(help: "With --day: print as JSON, one object.")
    var json = false

    func validate() throws {
        let isNamed = model.model != nil || model.job != nil || modelVersion != nil || name != nil
        guard isNamed != (folder != nil) else {
            throw ValidationError(
                "name a model with --model or --job, a version with --model-version, or a pulled folder with --folder")
        }
        if day != nil, !isNamed {
            throw ValidationError("--day needs --model, --job or --model-version: the version knows its log")
        }
        if net != nil, folder != nil || day != nil {
            throw ValidationError(
                "--net goes with a version and lines of JSON: a folder has one net, and rocket.predictions the served one's"
            )
        }
        if day != nil, allowUnknown { throw ValidationError("--allow-unknown is for JSON lines; leave --day out") }
    }

    /// The version, and the model that it is of.
    private func chosen() throws -> (version: VersionChoice, model: String?) {
        if modelVersion == nil, let earlier = model.model.flatMap(VersionChoice.init(argument:)) {
            return (earlier, name)
        }
        return (modelVersion ?? .live, try model.name() ?? name)
    }

    private var unknownColumns: UnknownColumns { allowUnknown ? .ignored : .refused }

    func run() throws {
        if let folder { return try predictLines(Predictor(folder: folder, unknownColumns: unknownColumns)) }
        let (version, model) = try chosen()
        if let day { return try predict(day, version, of: model) }
        try predictLines(
            Predictor(version, of: model, net: net, database: database.database, unknownColumns: unknownColumns))
    }

    private func predict(_ day: Day, _ version: VersionChoice, of name: String?) throws {
        let display = ProgressDisplay(
            log: logging.logger(quiet: quiet), quiet: quiet || json, format: logging.format)
        let deployments = try Deployments(database: database.database, sourceDatabase: source.sourceDatabase)
        let result = try deployments.predict(version, of: name, jobFilePath: model.job, day: day) {
            display.show($0)
        }
        if json { return try printJSON(result) }
        print(
            "\(result.impressions.grouped) impressions of \(result.day) scored by version \(result.version) into "
                + "rocket.predictions; \(result.problems.grouped) with a problem, \(result.withoutID.grouped) without an id "
                + "left out")
    }

    private func predictLines(_ predictor: Predictor) throws {
        let log = logging.logger(quiet: quiet)
        var (row, problems) = (0, 0)
        if let day = predictor.historyDay, day < today() {
            log.warning(
                """
                the table of earlier days is for \(day), and today is \(today()); fetch a newer one: rocket models pull \
                VERSION --history
                """)
        }
        var unnamed = Set(predictor.columns)
        var chunk: [ArraySlice<UInt8>] = []
        func flush() throws {
            let (predictions, named) = predictor.predict(lines: chunk)
            unnamed.subtract(named)
            var text = ""
            for prediction in predictions {
                row += 1
                text += try PredictedLine(row, prediction).json() + "\n"
                if case .problem = prediction { problems += 1 }
            }
            try StandardOutput.writeOrThrow(text)
            chunk.removeAll(keepingCapacity: true)
        }
        try InputLines(.standardInput).forEachLine { line in
            chunk.append(line)
            if chunk.count == 4_096 { try flush() }
        }
        try flush()
        if row > 0 {
            for column in unnamed.sorted() {
                log.warning("no line names the column ‘\(column)’; it counted as missing in all of them")
            }
        }
        if problems > 0 { throw ExitCode(ExitStatus.dataCheckFailed.rawValue) }
    }
}

/// One line of output.
private struct PredictedLine: Encodable {
    let row: Int
    var probability: Float?
    var problem: String?

    init(_ row: Int, _ prediction: Prediction) {
        self.row = row
        switch prediction {
        case .probability(let value): probability = value
        case .problem(let text): problem = text
        }
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

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
              rocket predict --model 12 --day 2026-01-05
              rocket predict --model live < impressions.jsonl
              rocket predict --folder models/quickstart-12 < impressions.jsonl
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var source: SourceDatabaseOptions

    @Option(help: ArgumentHelp("Number of the version, or: live.", valueName: "version"))
    var model: VersionChoice?

    @Option(help: "With live: name of the model, if several models have a live version.")
    var name: String?

    @Option(help: "A folder that rocket models pull wrote, instead of --model.")
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
        guard (model == nil) != (folder == nil) else {
            throw ValidationError("name the version with --model, or a pulled folder with --folder")
        }
        if day != nil, model == nil { throw ValidationError("--day needs --model: the version knows its log") }
        if day != nil, allowUnknown { throw ValidationError("--allow-unknown is for JSON lines; leave --day out") }
    }

    private var unknownColumns: UnknownColumns { allowUnknown ? .ignored : .refused }

    func run() throws {
        if let day, let model { return try predict(day, model) }
        let predictor =
            try folder.map { try Predictor(folder: $0, unknownColumns: unknownColumns) }
            ?? Predictor(model ?? .live, of: name, database: database.database, unknownColumns: unknownColumns)
        try predictLines(predictor)
    }

    private func predict(_ day: Day, _ model: VersionChoice) throws {
        let display = ProgressDisplay(
            log: logging.logger(quiet: quiet), quiet: quiet || json, format: logging.format)
        let deployments = try Deployments(database: database.database, sourceDatabase: source.sourceDatabase)
        let result = try deployments.predict(model, of: name, day: day) {
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
            if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { return }
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

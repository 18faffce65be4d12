import AdLogs
import Days
import Extract
import Foundation
import JobFile
import ModelRegistry
import Postgres
import RocketServing
import Runs

/// What a model says of a row.
public enum Prediction: Equatable, Sendable {
    /// The probability of a click.
    case probability(Float)
    /// Why the row cannot be scored.
    case problem(String)
}

/// A version's light net at work on single rows.
public final class Predictor {
    private let ranker: Ranker
    private var rows: RawRows
    /// The day for whose rows the model's table of earlier days is; nil for a model without histories.
    public let historyDay: Day?

    /// The columns that the model reads.
    public var columns: [String] { ranker.encoder.candidateColumns }

    init(_ model: ServingModel, _ unknownColumns: UnknownColumns = .refused) throws {
        ranker = try Ranker(wholeRowsOf: model, unknownColumns: unknownColumns)
        historyDay = model.history?.asOf
        rows = ranker.emptyRows()
    }

    /// A folder that `rocket models pull` wrote; no database is needed.
    public convenience init(folder: String, unknownColumns: UnknownColumns = .refused) throws {
        try self.init(ServingModel(folder: folder), unknownColumns)
    }

    /// A version in the database.
    ///
    /// - Parameters:
    ///   - model: whose live version is meant; nil: of the only model that has one.
    ///   - net: which of several light nets; nil: the one that is served.
    public convenience init(
        _ choice: VersionChoice, of model: String?, net: String? = nil, database: String?,
        unknownColumns: UnknownColumns = .refused
    ) throws {
        let deployments = try Deployments(database: database)
        let version = try deployments.version(choice, of: model)
        try self.init(deployments.servingModel(version, net: net), unknownColumns)
    }

    /// Scores lines of JSON, an object each: values by column; a column that is not there is missing. A line with a
    /// name that is no column of the log, or without any column of the model, is a problem unless that is allowed.
    ///
    /// - Parameter lines: UTF-8, without line breaks.
    /// - Returns: one prediction a line, and the columns that some line named.
    public func predict(lines: [ArraySlice<UInt8>]) -> (predictions: [Prediction], named: Set<String>) {
        var named = [Bool](repeating: false, count: columns.count)
        var predictions: [Prediction?] = []
        rows.removeAll()
        for line in lines {
            do throws(ServingError) {
                for (column, isNamed) in try rows.append(json: line).enumerated() where isNamed { named[column] = true }
                predictions.append(nil)
            } catch {
                predictions.append(.problem(error.ofRow))
            }
        }
        var scored = score().makeIterator()
        return (
            predictions.map { $0 ?? scored.next() ?? .problem("the line was not scored") },
            Set(zip(columns, named).compactMap { $1 ? $0 : nil })
        )
    }

    /// Scores rows of values in the order of `columns`.
    func predict(rows values: [[RawValue]]) -> [Prediction] {
        rows.removeAll()
        do throws(ServingError) {
            for row in values { try rows.append(row) }
        } catch {
            return values.map { _ in .problem(error.ofRow) }
        }
        return score()
    }

    /// Scores each row separately, so that one that cannot be scored does not affect the others.
    private func score() -> [Prediction] {
        do throws(ServingError) {
            return try ranker.outcomes(request: [], candidates: rows).map { outcome in
                switch outcome {
                case .success(let probability): .probability(probability)
                case .failure(let error): .problem(error.ofRow)
                }
            }
        } catch {
            return [Prediction](repeating: .problem(error.ofRow), count: rows.count)
        }
    }
}

extension ServingError {
    /// The problem without the row's number in its chunk.
    fileprivate var ofRow: String {
        switch self {
        case .value(_, let column, let found, let expected): "column \(column): found \(found), expected \(expected)"
        case .line(_, let what): "the line is no JSON object of values by column: \(what)"
        case .unknownName(let row, _, _):
            description.replacing("row \(row): ", with: "", maxReplacements: 1)
                + " (--allow-unknown ignores such columns)"
        case .noColumns(let row, _):
            description.replacing("row \(row)", with: "the line", maxReplacements: 1)
                + " (--allow-unknown scores it with all of them missing)"
        case .noProbability: "the model's answer is no finite number"
        default: description
        }
    }
}

/// The outcome of a day's predictions.
public struct DayPrediction: Encodable, Sendable {
    public var version: Int
    public var day: String
    public var impressions: Int
    /// Rows of `rocket.predictions` that have a problem and no probability.
    public var problems: Int
    /// Impressions without an id, of which there is no row.
    public var withoutID: Int

    enum CodingKeys: String, CodingKey {
        case version, day, impressions, problems
        case withoutID = "without_id"
    }
}

extension Deployments {
    /// A version's light net with the features that it was trained with, and the newest table of its histories.
    ///
    /// - Parameter net: nil: the one that is served.
    func servingModel(_ version: Int, net: String? = nil) throws -> ServingModel {
        var history: [UInt8]?
        if let kept = try keptHistory(of: version) {
            var bytes: [UInt8] = []
            _ = try registry.checkedHistory(kept.hash) { bytes += $0 }
            history = bytes
        } else if try registry.artifacts(of: version).contains(where: { $0.name == Artifact.history }) {
            history = try registry.artifact(Artifact.history, version: version)
        }
        return try ServingModel(
            model: registry.artifact(Artifact.model, version: version),
            features: registry.artifact(Artifact.features, version: version), history: history,
            net: lightNet(net, of: version).name)
    }

    /// A version's light net with the table of its histories for a day's rows, as its cache has them.
    ///
    /// - Parameters:
    ///   - path: Of the job file; nil: not known.
    ///   - source: A connection to the logs.
    private func servingModel(
        _ version: Int, _ jobFile: JobFile, at path: String?, on day: Day, _ source: Connection
    ) throws -> ServingModel {
        guard !jobFile.features.histories.isEmpty else { return try servingModel(version) }
        let specification = try jobFile.extractionSpecification()
        let jobFile = try placed(jobFile, at: path, version, specification.hash)
        let extraction = Extraction(
            specification,
            databases: Extraction.Databases(source: sourceSettings, results: settings),
            options: Extraction.Options(
                directory: jobFile.cacheDirectory, workers: jobFile.extraction.workers, model: jobFile.model,
                jobFile: path ?? "", builderVersion: ProgramVersion.current),
            source: source, on: connection)
        let model = try servingModel(version)
        guard let snapshot = try extraction.history(asOf: day) else { return model }
        return try model.with(ServedHistory(snapshot, most: .max))
    }

    /// A version's job file with the folder of its cache where its nights have it: the version stores the file's text
    /// and not its place.
    private func placed(
        _ jobFile: JobFile, at path: String?, _ version: Int, _ specificationHash: String
    ) throws -> JobFile {
        var jobFile = jobFile
        jobFile.placeCache(beside: path)
        if jobFile.cacheDirectory.hasPrefix("/") { return jobFile }
        let known = try CacheManifest(connection).folderHere(
            specificationHash: specificationHash, model: jobFile.model)
        guard let known else {
            throw JobError.noCacheFolder(version: version, directory: jobFile.cacheDirectory)
        }
        jobFile.cacheDirectory = known
        return jobFile
    }

    /// Scores all impressions of a day of the log that a version was trained on, and writes the probabilities to
    /// `rocket.predictions` in one transaction; what was there of the version's day is replaced.
    ///
    /// - Parameters:
    ///   - jobFilePath: The job file that a relative `cache.directory` is beside; nil: the folder in which this
    ///     machine's nights have built the cache.
    ///   - progress: told the impressions so far.
    public func predict(
        _ choice: VersionChoice, of model: String?, jobFilePath: String? = nil, day: Day,
        progress: @escaping ProgressHandler
    ) throws -> DayPrediction {
        let version = try version(choice, of: model)
        let jobFile = try JobFile(
            text: registry.jobFileText(of: version), path: "version \(version)'s job file")
        let source = try Connection(sourceSettings, applicationName: "rocket predict")
        let serving = try servingModel(version, jobFile, at: jobFilePath, on: day, source)
        let predictor = try Predictor(serving)
        let range = try LogDays(jobFile.source).instants(of: day, on: source)
        let impressions = try RawImpressions(jobFile.source, serving.features, on: source)
        var result = DayPrediction(
            version: version, day: day.description, impressions: 0, problems: 0, withoutID: 0)
        try connection.transaction { connection in
            try replace(version, range)
            let writer = try connection.copyIn(
                """
                COPY rocket.predictions (version, impression_id, shown_at, probability, problem)
                FROM STDIN (FORMAT binary)
                """)
            var chunk: [(id: String, at: Instant, values: [RawValue])] = []
            func flush() {
                let predictions = predictor.predict(rows: chunk.map(\.values))
                for (row, prediction) in zip(chunk, predictions) {
                    writer.write(prediction, version: version, id: row.id, at: row.at)
                    if case .problem = prediction { result.problems += 1 }
                }
                result.impressions += chunk.count
                chunk.removeAll(keepingCapacity: true)
                progress(
                    StageProgress(title: "predict", done: result.impressions, total: nil, unit: "impressions"))
            }
            do {
                result.withoutID = try impressions.forEach(in: range, on: source) { id, at, values in
                    chunk.append((id, at, values))
                    if chunk.count == Self.rowsAtOnce { flush() }
                }
                flush()
            } catch {
                writer.cancel()
                throw error
            }
            _ = try writer.finish()
        }
        guard result.impressions > 0 else {
            throw JobError.noImpressions(day: day, table: jobFile.source.impressions.table)
        }
        return result
    }

    /// Makes room for a version's predictions of a range; another process that does the same waits.
    private func replace(_ version: Int, _ range: Range<Instant>) throws {
        try connection.script("SET LOCAL lock_timeout = 0")
        try connection.execute(
            """
            SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rocket/predictions/' || $1::text, 0))
            """, [.int(version)])
        try connection.execute(
            """
            DELETE FROM rocket.predictions
            WHERE version = $1 AND shown_at >= $2::text::timestamptz AND shown_at < $3::text::timestamptz
            """, [.int(version), .text("\(range.lowerBound)"), .text("\(range.upperBound)")])
    }

    private static let rowsAtOnce = 4_096
}

extension BinaryCopyWriter {
    fileprivate func write(_ prediction: Prediction, version: Int, id: String, at: Instant) {
        row(5)
        int64(Int64(version))
        text(id)
        timestamptz(microsecondsSince1970: at.microseconds)
        switch prediction {
        case .probability(let probability):
            double(Double(probability))
            null()
        case .problem(let problem):
            null()
            text(problem)
        }
    }
}

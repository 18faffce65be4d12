import AdLogs
import Days
import Digests
import Evaluation
import Extract
import Foundation
import JobFile
import Logging
import Postgres

/// A job file, the database it works on and where it reports to: what every command that does work is given.
public final class JobSession {
    public let jobFile: JobFile
    let connection: Connection
    let log: Logger
    let progress: ProgressHandler
    let specification: ExtractionSpecification
    let extraction: Extraction

    /// Reads the job file, connects and compares the two.
    ///
    /// - Throws: `JobFileError`, `PostgresError`, `JobError.notMigrated`, `JobError.source`.
    public init(
        jobFile path: String, database: String?, log: Logger, progress: @escaping ProgressHandler
    ) throws {
        jobFile = try JobFile(path: path)
        let settings = ConnectionSettings.fromEnvironment(url: database)
        connection = try Connection(settings, applicationName: "rocket \(jobFile.model)")
        self.log = log
        self.progress = progress
        specification = try jobFile.extractionSpecification()
        extraction = Extraction(
            specification, settings: settings,
            options: Extraction.Options(
                directory: jobFile.cacheDirectory, workers: jobFile.extraction.workers, model: jobFile.model,
                builderVersion: ProgramVersion.current, rejectedRowsKept: jobFile.extraction.rejectedRows),
            on: connection)
        guard
            try connection.execute(
                """
                SELECT EXISTS (
                    SELECT FROM pg_class WHERE oid = to_regclass('rocket.predictions')
                ) AS ok
                """
            ).first?.bool("ok") == true
        else { throw JobError.notMigrated }
        let problems = try SourceCheck(specification).problems(on: connection)
        guard problems.isEmpty else { throw JobError.source(path: path, problems: problems) }
    }

    var manifest: CacheManifest { CacheManifest(connection) }
    var logDays: LogDays { LogDays(jobFile.source) }

    /// Holds the job's lock while the body runs.
    ///
    /// - Throws: `JobError.locked` at once when another process holds it.
    func locked<Result>(_ body: () throws -> Result) throws -> Result {
        let name = "rocket/\(jobFile.model)"
        guard let lock = try connection.tryAdvisoryLock(name) else {
            let holder = try AdvisoryLock.holder(of: name, on: connection)
            throw JobError.locked(model: jobFile.model, holder: holder.map { "\($0)" } ?? "a process that just ended")
        }
        defer { try? lock.release() }
        return try body()
    }

    /// Writes a run into the ledger around the body; a failure is written too, then thrown on.
    func run(
        _ command: String, evaluatedDay: Day?, _ body: (RunRecorder) throws -> RunOutcome
    ) throws -> RunOutcome {
        let ledger = RunLedger(connection)
        let runID = try ledger.open(
            command: command, model: jobFile.model, evaluatedDay: evaluatedDay, jobFile: jobFile.path)
        do {
            let outcome = try body(RunRecorder(ledger: ledger, runID: runID))
            let done = outcome.didWork
            try ledger.close(
                runID: runID, status: done ? .done : .nothingToDo, exit: outcome.exitStatus,
                version: outcome.version, error: nil)
            return outcome
        } catch {
            // Best effort: when the connection itself is what failed, there is nowhere to write to.
            try? ledger.close(
                runID: runID, status: .failed, exit: JobError.exitStatus(for: error), version: nil, error: "\(error)")
            throw error
        }
    }
}

/// What a run came to.
public struct RunOutcome: Sendable {
    /// False when everything was there already.
    public var didWork: Bool
    /// The version made, or the one that was there.
    public var version: Int?
    /// What the promotion gate said of the version; nil where it was not asked.
    public var decision: GateDecision?
    /// Where the time of training went; nil where nothing was trained, or nobody asked.
    public var profile: TrainingProfile?
}

extension RunOutcome {
    /// With which code a command that did this leaves.
    public var exitStatus: ExitStatus {
        guard didWork else { return .nothingToDo }
        return decision?.verdict == .held ? .held : .done
    }
}

/// Writes the stages of one run.
struct RunRecorder {
    let ledger: RunLedger
    let runID: Int

    /// Times a stage and writes what it did.
    func stage<Result>(
        _ name: String, detail: String? = nil, size: (Result) -> (rows: Int?, bytes: Int?) = { _ in (nil, nil) },
        _ body: () throws -> Result
    ) throws -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        let result = try body()
        let (rows, bytes) = size(result)
        try ledger.record(
            FinishedStage(
                name: name, seconds: (clock.now - start) / .seconds(1), rows: rows, bytes: bytes, detail: detail),
            runID: runID)
        return result
    }
}

extension JobFile {
    /// What decides the bytes of a day's cache files.
    func extractionSpecification() throws -> ExtractionSpecification {
        ExtractionSpecification(
            source: source, features: features, group: evaluation.group,
            trueProbability: evaluation.trueProbability, shards: extraction.shards,
            hash: try SHA256Digest.of(extractionText()).hex)
    }
}

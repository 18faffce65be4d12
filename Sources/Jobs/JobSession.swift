import AdLogs
import Days
import Digests
import Evaluation
import Extract
import Foundation
import JobFile
import Logging
import Postgres

/// A job file, the databases it works on and where it reports to: what every command that does work is given.
public final class JobSession {
    let settings: SessionSettings
    let locks: LockSession
    /// Of the trainings of this session.
    let counted = CountedIDs()
    private let handler: ProgressHandler
    /// A run whose database went away gets new ones.
    private var connections: JobConnections

    /// Reads the job file, connects and compares the two.
    ///
    /// - Parameters:
    ///   - sourceDatabase: where the logs are; nil: `$SOURCE_DATABASE_URL`, else where the results go.
    ///   - interruption: how the work is asked to stop.
    ///   - launch: the ranks that train.
    ///   - patience: what to do when a database cannot be reached now.
    ///   - command: in whose name the ledger keeps a source that does not fit; nil: it is only thrown.
    /// - Throws: `JobFileError`, `PostgresError`, `JobError.notMigrated`, `JobError.source`.
    public convenience init(
        jobFile path: String, database: String?, sourceDatabase: String? = nil, log: Logger,
        interruption: Interruption = Interruption(), launch: RankedLaunch = .alone, patience: Patience = .none,
        command: String? = nil, progress: @escaping ProgressHandler
    ) throws {
        let jobFile = try JobFile(path: path)
        let results = ConnectionSettings.fromEnvironment(url: database)
        let databases = Extraction.Databases(
            source: .source(url: sourceDatabase, results: database), results: results)
        try self.init(
            SessionSettings(
                jobFile: jobFile, specification: try jobFile.extractionSpecification(), databases: databases, log: log,
                interruption: interruption, launch: launch),
            patience: patience, command: command, progress: progress)
    }

    /// Connects and compares the job file with the database.
    init(
        _ settings: SessionSettings, patience: Patience, command: String? = nil, progress: @escaping ProgressHandler
    ) throws {
        let jobFile = settings.jobFile
        let retrying = Retrying(
            allowed: patience == .asJobFile ? jobFile.database.retry : .zero, log: settings.log,
            interruption: settings.interruption)
        (connections, locks) = try retrying.run { _ in
            (
                try JobConnections(settings),
                try LockSession(
                    settings.databases.results, applicationName: "rocket \(jobFile.model)", log: settings.log)
            )
        }
        (self.settings, handler) = (settings, progress)
        // What the newest migration that the job needs has brought.
        guard try connection.execute("SELECT to_regclass('rocket.report_changes') IS NOT NULL AS ok").first?.bool("ok") == true
        else { throw JobError.notMigrated }
        do {
            let problems = try SourceCheck(specification).problems(on: source)
            guard problems.isEmpty else { throw JobError.source(path: jobFile.path, problems: problems) }
        } catch {
            if let command { record(command, failure: error) }
            throw error
        }
    }

    /// What a command does when a database cannot be reached as it starts.
    public enum Patience: Sendable {
        /// It ends: somebody waits for it.
        case none
        /// It waits for as long as the job file's `database.retry` says.
        case asJobFile
    }

    public var jobFile: JobFile { settings.jobFile }
    var specification: ExtractionSpecification { settings.specification }
    var log: Logger { settings.log }
    var interruption: Interruption { settings.interruption }
    var launch: RankedLaunch { settings.launch }
    /// For the job's tables.
    var connection: Connection { connections.results }
    /// Where the logs are; only ever read.
    var source: Connection { connections.source }
    var extraction: Extraction { connections.extraction }
    var manifest: CacheManifest { CacheManifest(connection) }
    var logDays: LogDays { LogDays(jobFile.source) }
    var ledger: RunLedger { RunLedger(session: locks) }

    /// Does what comes after a run, such as reading its report, and waits for the database as the run itself would: whoever
    /// started it is to hear what came of it.
    public func patiently<Result>(_ body: () throws -> Result) throws -> Result {
        try Retrying(allowed: jobFile.database.retry, log: log, interruption: interruption).run { _ in try body() }
    }

    /// Reads from the databases outside of a run, again with new connections where they go away.
    func looking<Result>(_ body: () throws -> Result) throws -> Result {
        try Retrying(allowed: jobFile.database.retry, log: log, interruption: interruption).run { attempt in
            if attempt > 1 { connections = try JobConnections(settings) }
            return try body()
        }
    }

    /// Shows how far a stage is.
    ///
    /// - Throws: `JobError.interrupted` and `.lockLost`, where it is time to stop.
    func progress(_ progress: StageProgress) throws {
        try stopIfAsked()
        handler(progress)
    }

    /// The same from where stopping is asked for by other means.
    func show(_ progress: StageProgress) { handler(progress) }

    /// - Throws: `JobError.interrupted` and `.lockLost`, where it is time to stop.
    func stopIfAsked() throws {
        try interruption.check()
        try locks.check()
    }

    /// Holds the job's lock while the body runs.
    ///
    /// - Throws: `JobError.locked` at once when another process holds it.
    func locked<Result>(_ body: () throws -> Result) throws -> Result {
        try holding("rocket/\(jobFile.model)", body)
    }

    /// Holds a lock while the body runs.
    ///
    /// - Parameter night: which the lock is for; nil: for all work on the model.
    /// - Throws: `JobError.locked` at once when another process holds it.
    func holding<Result>(_ lock: String, night: Day? = nil, _ body: () throws -> Result) throws -> Result {
        if let holder = try locks.take(lock) {
            throw JobError.locked(
                model: jobFile.model, holder: try ledger.living(model: jobFile.model, night: night) ?? holder)
        }
        defer { locks.release(lock) }
        return try body()
    }

    /// Finds out what a command has to do, before its run is opened, and waits for the database as the run itself would. What
    /// goes wrong stands in the ledger as a run too: a night that found no logs is no night without a run.
    func planning<Result>(_ command: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try looking(body)
        } catch {
            record(command, failure: error)
            throw error
        }
    }

    /// Writes a run that ended before it could begin.
    private func record(_ command: String, failure: any Error) {
        let runID = try? ledger.open(command: command, model: jobFile.model, evaluatedDay: nil, jobFile: jobFile.path)
        if let runID { close(runID, failure: failure) }
    }

    /// Best effort: when the connection itself is what failed, there is nowhere to write to.
    private func close(_ runID: Int, failure: any Error) {
        try? ledger.close(
            runID: runID, status: JobError.isInterruption(failure) ? .interrupted : .failed,
            exit: JobError.exitStatus(for: failure), version: nil, error: "\(failure)")
    }

    /// Writes a run into the ledger around the body; a failure is written too, then thrown on. Where the database goes away
    /// the body is run again: what it has finished it finds done.
    func run(
        _ command: String, evaluatedDay: Day?, _ body: (RunRecorder) throws -> RunOutcome
    ) throws -> RunOutcome {
        for dead in try ledger.markDead() { log.warning("\(dead)") }
        let runID = try ledger.open(
            command: command, model: jobFile.model, evaluatedDay: evaluatedDay, jobFile: jobFile.path)
        let heartbeat = Heartbeat(of: runID, in: ledger)
        defer { withExtendedLifetime(heartbeat) {} }
        do {
            let retrying = Retrying(allowed: jobFile.database.retry, log: log, interruption: interruption)
            return try retrying.run { attempt in
                if attempt > 1 {
                    connections = try JobConnections(settings)
                    try ledger.beginAgain(runID: runID)
                }
                let outcome = try body(RunRecorder(ledger: ledger, runID: runID, check: stopIfAsked))
                try ledger.close(
                    runID: runID, status: outcome.didWork ? .done : .nothingToDo, exit: outcome.exitStatus,
                    version: outcome.version, error: nil)
                return outcome
            }
        } catch {
            close(runID, failure: error)
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
    /// Throws where it is time to stop.
    let check: () throws -> Void

    /// Times a stage and writes what it did.
    func stage<Result>(
        _ name: String, detail: String? = nil, size: (Result) -> (rows: Int?, bytes: Int?) = { _ in (nil, nil) },
        _ body: () throws -> Result
    ) throws -> Result {
        try check()
        let position = try ledger.begin(stage: name, detail: detail, runID: runID)
        let start = ContinuousClock.now
        var stage: FinishedStage { FinishedStage(seconds: (ContinuousClock.now - start) / .seconds(1)) }
        do {
            let result = try body()
            var done = stage
            (done.rows, done.bytes) = size(result)
            try ledger.end(done, position: position, runID: runID)
            return result
        } catch {
            var failed = stage
            failed.failed = true
            try? ledger.end(failed, position: position, runID: runID)
            throw error
        }
    }
}

/// What a session is opened with. A thread that works beside it opens another one with the same.
struct SessionSettings: Sendable {
    var jobFile: JobFile
    let specification: ExtractionSpecification
    let databases: Extraction.Databases
    var log: Logger
    let interruption: Interruption
    let launch: RankedLaunch
}

/// The connections of a session, made together.
private struct JobConnections {
    let results, source: Connection
    let extraction: Extraction

    init(_ settings: SessionSettings) throws {
        let (jobFile, databases) = (settings.jobFile, settings.databases)
        results = try Connection(databases.results, applicationName: "rocket \(jobFile.model)")
        source = try Connection(databases.source, applicationName: "rocket \(jobFile.model), reading")
        extraction = Extraction(
            settings.specification, databases: databases,
            options: Extraction.Options(
                directory: jobFile.cacheDirectory, workers: jobFile.extraction.workers, model: jobFile.model,
                builderVersion: ProgramVersion.current, rejectedRowsKept: jobFile.extraction.rejectedRows),
            source: source, on: results)
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

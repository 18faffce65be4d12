import AdLogs
import Days
import Extract
import JobFile
import Logging
import Postgres

/// A job that is open for work: connected, held against its database, with the session that holds its locks and writes
/// its runs. Operations run through it; their steps get what they need from it and never see it.
public final class OpenJob {
    public let context: JobContext
    /// Where the logs are and where the results go.
    package let settings: Extraction.Databases
    let locks: LockSession
    private let handler: ProgressHandler
    /// The connections of now; a run, and what is read outside of one, is handed its own.
    package private(set) var databases: Databases

    /// Connects and compares the job file with the database.
    ///
    /// - Parameters:
    ///   - patience: what to do when a database cannot be reached now.
    ///   - command: in whose name the ledger keeps a source that does not fit; nil: it is only thrown.
    /// - Throws: `PostgresError`, `InstructionSetError`, `JobError.notMigrated`, `JobError.source`,
    ///   `JobError.emptyLog`.
    public init(
        _ context: JobContext, _ settings: Extraction.Databases, patience: Patience = .none, command: String? = nil,
        progress: @escaping ProgressHandler
    ) throws {
        let jobFile = context.jobFile
        // Before the matrix library is used for anything.
        try jobFile.training.instructionSet?.cap()
        let retrying = Retrying(
            allowed: patience == .asJobFile ? jobFile.database.retry : .zero, log: context.log,
            interruption: context.interruption)
        (databases, locks) = try retrying.run { _ in
            (
                try Databases(settings, for: context),
                try LockSession(settings.results, applicationName: "rocket \(jobFile.model)", log: context.log)
            )
        }
        (self.context, self.settings, handler) = (context, settings, progress)
        guard try JobSchema.isCurrent(on: databases.results) else { throw JobError.notMigrated }
        do {
            let check = SourceCheck(context.specification)
            let problems = try check.problems(on: databases.source)
            if try check.isOfEmptyLog(problems, on: databases.source) {
                throw JobError.emptyLog(table: jobFile.source.impressions.table)
            }
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

    package var ledger: RunLedger { RunLedger(session: locks) }

    /// Does what comes after a run, such as reading its report, and waits for the database as the run itself would:
    /// whoever started it is to hear its result.
    public func patiently<Result>(_ body: () throws -> Result) throws -> Result {
        try context.retrying.run { _ in try body() }
    }

    /// Reads from the databases outside of a run, again with new connections where they go away.
    package func reading<Result>(_ body: (Databases) throws -> Result) throws -> Result {
        try context.retrying.run { attempt in
            if attempt > 1 { databases = try Databases(settings, for: context) }
            return try body(databases)
        }
    }

    /// Finds out what a command has to do, before its run is opened, and waits for the database as the run itself
    /// would. What goes wrong stands in the ledger as a run too: a night that found no logs is no night without a run.
    package func planning<Result>(_ command: String, _ body: (Databases) throws -> Result) throws -> Result {
        do {
            return try reading(body)
        } catch {
            record(command, failure: error)
            throw error
        }
    }

    /// Writes a run into the ledger around the body; a failure is written too, then thrown on. Where the database goes
    /// away the body is run again with new connections: what it has finished it finds done.
    package func run(
        _ command: String, evaluatedDay: Day?, _ body: (Databases, RunRecorder) throws -> RunOutcome
    ) throws -> RunOutcome {
        for dead in try ledger.markDead() { context.log.warning("\(dead)") }
        let runID = try ledger.open(
            command: command, model: context.jobFile.model, evaluatedDay: evaluatedDay, jobFile: context.jobFile.path)
        let heartbeat = Heartbeat(of: runID, in: ledger)
        defer { withExtendedLifetime(heartbeat) {} }
        do {
            return try context.retrying.run { attempt in
                if attempt > 1 {
                    databases = try Databases(settings, for: context)
                    try ledger.beginAgain(runID: runID)
                }
                let outcome = try body(
                    databases, RunRecorder(ledger: ledger, runID: runID, check: stopIfAsked, handler: handler))
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

    /// Shows how far work is that is stopped by other means.
    package func show(_ progress: StageProgress) { handler(progress) }

    /// - Throws: `JobError.interrupted` and `.lockLost`, where it is time to stop.
    private func stopIfAsked() throws {
        try context.interruption.check()
        try locks.check()
    }

    /// Writes a run that ended before it could begin.
    private func record(_ command: String, failure: any Error) {
        let runID = try? ledger.open(
            command: command, model: context.jobFile.model, evaluatedDay: nil, jobFile: context.jobFile.path)
        if let runID { close(runID, failure: failure) }
    }

    /// Best effort: when the connection itself is what failed, there is nowhere to write to.
    private func close(_ runID: Int, failure: any Error) {
        try? ledger.close(
            runID: runID, status: JobError.isInterruption(failure) ? .interrupted : .failed,
            exit: JobError.exitStatus(for: failure), version: nil, error: "\(failure)")
    }
}

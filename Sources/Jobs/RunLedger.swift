import Days
import Foundation
import Postgres

/// The table `rocket.runs`: every run is written at its start and closed at its end, also when it fails.
public struct RunLedger {
    private let connection: Connection

    public init(_ connection: Connection) {
        self.connection = connection
    }

    /// Opens a run and returns its number.
    public func open(command: String, model: String, evaluatedDay: Day?, jobFile: String) throws -> Int {
        let rows = try connection.execute(
            """
            INSERT INTO rocket.runs (command, model, evaluated_day, host, pid, program_version, job_file)
            VALUES ($1, $2, $3::text::date, $4, $5, $6, $7) RETURNING run_id
            """,
            [
                .text(command), .text(model), evaluatedDay.map { .text($0.description) } ?? .null,
                .text(ProcessInfo.processInfo.hostName), .int(Int(ProcessInfo.processInfo.processIdentifier)),
                .text(ProgramVersion.current), .text(jobFile),
            ])
        return try rows[rows.startIndex].int("run_id")
    }

    /// Adds a finished stage to a run.
    public func record(_ stage: FinishedStage, runID: Int) throws {
        try connection.execute(
            """
            INSERT INTO rocket.run_stages (run_id, stage, name, seconds, rows, bytes, detail)
            SELECT $1, coalesce(max(stage), 0) + 1, $2, $3, $4, $5, $6 FROM rocket.run_stages WHERE run_id = $1
            """,
            [
                .int(runID), .text(stage.name), .double(stage.seconds), stage.rows.map { .int($0) } ?? .null,
                stage.bytes.map { .int($0) } ?? .null, stage.detail.map { .text($0) } ?? .null,
            ])
    }

    /// Closes a run.
    public func close(runID: Int, status: RunStatus, exit: ExitStatus, version: Int?, error: String?) throws {
        try connection.execute(
            """
            UPDATE rocket.runs
            SET status = $2, exit_code = $3, version = $4, error = $5, ended_at = clock_timestamp()
            WHERE run_id = $1
            """,
            [
                .int(runID), .text(status.rawValue), .int(Int(exit.rawValue)), version.map { .int($0) } ?? .null,
                error.map { .text($0) } ?? .null,
            ])
    }
}

/// How a run ended.
public enum RunStatus: String, Sendable {
    case done
    case nothingToDo = "nothing_to_do"
    case failed
}

/// What a stage did.
public struct FinishedStage: Sendable {
    public var name: String
    public var seconds: Double
    public var rows: Int?
    public var bytes: Int?
    public var detail: String?
}

import Days
import Foundation
import Postgres

/// The table `rocket.runs`: every run is written at its start and closed at its end, also when it fails. While it works
/// it holds its own lock, by which a run whose process was killed is recognised.
package struct RunLedger {
    let session: LockSession

    static func lockName(_ runID: Int) -> String { "rocket/run/\(runID)" }

    /// Opens a run and returns its number.
    func open(command: String, model: String, evaluatedDay: Day?, jobFile: String) throws -> Int {
        try session.taking { connection in
            try connection.transaction { connection in
                let rows = try connection.execute(
                    """
                    INSERT INTO rocket.runs (
                        command, model, evaluated_day, host, pid, program_version, job_file, peak_memory_bytes)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING run_id
                    """,
                    [
                        .text(command), .text(model), Value(evaluatedDay),
                        .text(ProcessInfo.processInfo.hostName),
                        .int(Int(ProcessInfo.processInfo.processIdentifier)), .text(ProgramVersion.current),
                        .text(jobFile), .int(ProcessMemory.peakBytes),
                    ])
                let runID = try rows[rows.startIndex].int("run_id")
                // Before anyone can see the row, so that it never looks dead.
                _ = try connection.tryAdvisoryLock(Self.lockName(runID))
                return runID
            }
        } lock: {
            Self.lockName($0)
        }
    }

    /// Marks the runs whose processes ended without closing them.
    ///
    /// - Returns: which they were, as sentences.
    func markDead() throws -> [String] {
        try session.statements { connection in
            try connection.transaction { connection in
                let dead = try connection.execute(
                    """
                    UPDATE rocket.runs
                    SET status = 'died', ended_at = heartbeat_at,
                        error = 'the process ended without a word: it was killed, or its machine stopped'
                    WHERE status = 'running' AND NOT rocket.run_is_alive(run_id)
                    RETURNING run_id, command, model, host, pid, heartbeat_at::text AS heartbeat
                    """)
                try connection.execute(
                    """
                    UPDATE rocket.run_stages s SET status = 'failed'
                    WHERE s.status = 'running'
                      AND EXISTS (SELECT FROM rocket.runs r WHERE r.run_id = s.run_id AND r.status = 'died')
                    """)
                return try dead.map { row in
                    """
                    run \(try row.int("run_id")) (\(try row.text("command")) of \(try row.text("model")), process \
                    \(try row.int("pid")) on \(try row.text("host"))) ended without a word; last seen \
                    \(try row.text("heartbeat"))
                    """
                }
            }
        }
    }

    /// The run that a lock of a model is held for; nil: none that is known.
    ///
    /// - Parameter night: whose lock; nil: the model's own, which backfills and extractions do not hold.
    func living(model: String, night: Day? = nil) throws -> String? {
        try session.statements { connection in
            try connection.execute(
                """
                SELECT run_id, command, host, pid, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS UTC') AS since
                FROM rocket.runs
                WHERE model = $1 AND status = 'running' AND rocket.run_is_alive(run_id)
                  AND CASE WHEN $2::date IS NULL THEN command NOT IN ('backfill', 'extract')
                      ELSE evaluated_day = $2 END
                ORDER BY (command = 'nightly') DESC, run_id DESC LIMIT 1
                """, [.text(model), Value(night)]
            ).first.map { row in
                """
                run \(try row.int("run_id")) (\(try row.text("command"))), process \(try row.int("pid")) on \
                \(try row.text("host")), since \(try row.text("since"))
                """
            }
        }
    }

    /// Says that the process is there, also to one that took it for dead while the database was away.
    func beat(runID: Int) throws {
        try session.statements { connection in
            _ = try connection.execute(
                """
                UPDATE rocket.runs
                SET heartbeat_at = clock_timestamp(), peak_memory_bytes = $2, status = 'running', ended_at = NULL,
                    error = NULL
                WHERE run_id = $1 AND status IN ('running', 'died')
                """, [.int(runID), .int(ProcessMemory.peakBytes)])
        }
    }

    /// Counts another try of the same run.
    func beginAgain(runID: Int) throws {
        try session.statements { connection in
            try connection.transaction { connection in
                try connection.execute(
                    "UPDATE rocket.runs SET attempts = attempts + 1 WHERE run_id = $1", [.int(runID)])
                try connection.execute(
                    "UPDATE rocket.run_stages SET status = 'failed' WHERE run_id = $1 AND status = 'running'",
                    [.int(runID)])
            }
        }
    }

    /// Adds a stage to a run, at work; returns its position.
    func begin(stage: String, detail: String?, runID: Int) throws -> Int {
        try session.statements { connection in
            let rows = try connection.execute(
                """
                INSERT INTO rocket.run_stages (run_id, stage, name, detail, status)
                SELECT $1, coalesce(max(stage), 0) + 1, $2, $3, 'running' FROM rocket.run_stages WHERE run_id = $1
                RETURNING stage
                """, [.int(runID), .text(stage), Value(detail)])
            return try rows[rows.startIndex].int("stage")
        }
    }

    /// Writes what a stage did.
    func end(_ stage: FinishedStage, position: Int, runID: Int) throws {
        try session.statements { connection in
            _ = try connection.execute(
                """
                UPDATE rocket.run_stages
                SET status = $3, seconds = $4, rows = $5, bytes = $6, peak_memory_bytes = $7
                WHERE run_id = $1 AND stage = $2
                """,
                [
                    .int(runID), .int(position), .text(stage.failed ? "failed" : "done"), .double(stage.seconds),
                    Value(stage.rows), Value(stage.bytes),
                    .int(ProcessMemory.peakBytes),
                ])
        }
    }

    /// Closes a run and gives its lock back.
    func close(runID: Int, status: RunStatus, exit: ExitStatus, version: Int?, error: String?) throws {
        try session.statements { connection in
            _ = try connection.execute(
                """
                UPDATE rocket.runs
                SET status = $2, exit_code = $3, version = $4, error = $5, peak_memory_bytes = $6,
                    ended_at = clock_timestamp(), heartbeat_at = clock_timestamp()
                WHERE run_id = $1
                """,
                [
                    .int(runID), .text(status.rawValue), .int(Int(exit.rawValue)), Value(version),
                    Value(error), .int(ProcessMemory.peakBytes),
                ])
        }
        session.release(Self.lockName(runID))
    }
}

/// How a run ended.
enum RunStatus: String, Sendable {
    case done
    case nothingToDo = "nothing_to_do"
    case failed
    case interrupted
}

/// What a stage did.
struct FinishedStage: Sendable {
    var seconds: Double
    var rows: Int?
    var bytes: Int?
    var failed = false
}

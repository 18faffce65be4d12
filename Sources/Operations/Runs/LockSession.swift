import Logging
import Postgres
import Synchronization

/// A separate database session that holds the advisory locks of a piece of work until it is done. The locks end with
/// the session, so a killed process frees them. If the session breaks, a new one takes the locks again; if somebody
/// else took one in between, the work ends at its next `check`.
final class LockSession: Sendable {
    private let settings: ConnectionSettings
    private let applicationName: String
    private let log: Logger
    private let state: Mutex<State>
    /// A lock that was lost, and to whom. Kept apart, so that looking at it never waits for the database.
    private let lost = Mutex<JobError?>(nil)

    private struct State {
        var connection: Connection
        var names: [String] = []
        /// The server's process, as last seen.
        var serverProcess: Int
    }

    /// Connects.
    ///
    /// - Throws: `PostgresError`.
    init(_ settings: ConnectionSettings, applicationName: String, log: Logger) throws {
        self.settings = settings
        self.applicationName = applicationName
        self.log = log
        let connection = try Connection(settings, applicationName: applicationName)
        try connection.requireSession()
        let process = try Self.serverProcess(connection)
        state = Mutex(State(connection: connection, serverProcess: process))
    }

    /// Takes a lock that nobody else may have, without waiting.
    ///
    /// - Returns: nil when it was taken, otherwise who holds it.
    func take(_ name: String) throws -> String? {
        try onSession { state in
            if try state.connection.tryAdvisoryLock(name) != nil {
                state.names.append(name)
                return nil
            }
            return try AdvisoryLock.holder(of: name, on: state.connection)?.description ?? "a process that just ended"
        }
    }

    /// Gives a lock back; one that is gone already is gone.
    func release(_ name: String) {
        state.withLock { state in
            guard let index = state.names.lastIndex(of: name) else { return }
            state.names.remove(at: index)
            try? state.connection.advisoryUnlock(name)
        }
    }

    /// Runs statements on the session, which is opened anew where it broke.
    func statements<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try onSession { state in try body(state.connection) }
    }

    /// The same, and the lock that the body's result names is held from then on.
    func taking<Result: Sendable>(_ body: (Connection) throws -> Result, lock: (Result) -> String) throws -> Result {
        try onSession { state in
            let result = try body(state.connection)
            state.names.append(lock(result))
            return result
        }
    }

    /// Whether all locks are still held, looked up in the database; they are taken again where they are not.
    func verify() {
        do {
            try onSession { state in
                let held = try state.connection.execute(
                    """
                    SELECT count(*) AS n FROM pg_catalog.pg_locks
                    WHERE locktype = 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid()
                    """
                ).first?.int("n")
                if held != Set(state.names).count { try reopen(&state) }
            }
        } catch {
            log.warning("the session that holds the locks: \(error)")
        }
    }

    /// - Throws: `JobError.lockLost` when somebody else has taken a lock while the session was broken.
    func check() throws {
        if let lost = lost.withLock({ $0 }) { throw lost }
    }

    private func onSession<Result: Sendable>(_ body: (inout State) throws -> Result) throws -> Result {
        // Called under the lock only, by one thread at a time.
        try state.withLock { state in
            do {
                return try body(&state)
            } catch PostgresError.connectionLost {
                try reopen(&state)
                return try body(&state)
            }
        }
    }

    private func reopen(_ state: inout State) throws {
        let connection = try Connection(settings, applicationName: applicationName)
        for name in state.names {
            if try connection.tryAdvisoryLock(name) != nil { continue }
            let holder = try AdvisoryLock.holder(of: name, on: connection)
            if let holder, holder.pid == state.serverProcess {
                // The server has not noticed yet that the old session has lost its client.
                try connection.execute("SELECT pg_catalog.pg_terminate_backend($1)", [.int(holder.pid)])
                throw PostgresError.connectionLost(message: "the old session still holds ‘\(name)’")
            }
            let other = holder.map { "\($0)" } ?? "a process that just ended"
            lost.withLock { $0 = .lockLost(name: name, holder: other) }
        }
        state.serverProcess = try Self.serverProcess(connection)
        state.connection = connection
        log.notice("the session that holds the locks was opened again")
    }

    private static func serverProcess(_ connection: Connection) throws -> Int {
        try connection.execute("SELECT pg_catalog.pg_backend_pid() AS pid").first?.int("pid") ?? 0
    }
}

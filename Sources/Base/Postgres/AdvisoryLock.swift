import Foundation

/// A session-level advisory lock: held until released or until its connection ends, so a killed process frees it.
/// See https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
public struct AdvisoryLock {
    private let connection: Connection
    private let name: String

    fileprivate init(_ connection: Connection, _ name: String) {
        self.connection = connection
        self.name = name
    }

    public func release() throws(PostgresError) {
        try connection.advisoryUnlock(name)
    }

    /// Returns whether the session still holds the lock. It does not when a proxy moved the connection to another
    /// session, or when someone ran `pg_advisory_unlock_all`.
    ///
    /// - Throws: `PostgresError`; if the connection is lost, so is the lock.
    public func isStillHeld() throws(PostgresError) -> Bool {
        let rows = try connection.execute(
            """
            SELECT FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND \(Self.isNamed)
            """, [.text(name)])
        return !rows.isEmpty
    }

    /// The session that holds a lock.
    public struct Holder: CustomStringConvertible, Sendable {
        public var pid: Int
        /// The login role; nil if it was dropped.
        public var user: String?
        public var applicationName: String
        public var address: String?
        /// When the holder connected; nil if its role is another one, about which the server tells less; so is the
        /// address.
        public var since: String?

        public var description: String {
            let place = since == nil ? "" : " from \(address ?? "this machine")"
            let connected = since.map { "connected since \($0)" } ?? "since when is for pg_read_all_stats to see"
            let role = user.map { " of user ‘\($0)’" } ?? ""
            return "‘\(applicationName)’\(role)\(place), server process \(pid), \(connected)"
        }
    }

    /// Returns the holder of a lock; nil if the lock is free.
    public static func holder(of name: String, on connection: Connection) throws(PostgresError) -> Holder? {
        let rows = try connection.execute(
            """
            SELECT a.pid, a.usename, a.application_name, host(a.client_addr) AS address, a.backend_start::text AS since
            FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE \(isNamed)
            """, [.text(name)])
        guard let row = rows.first else { return nil }
        return Holder(
            pid: try row.int("pid"), user: try row.textOrNil("usename"),
            applicationName: try row.text("application_name"),
            address: try row.textOrNil("address"), since: try row.textOrNil("since"))
    }

    /// Condition on `pg_catalog.pg_locks l`: the granted lock with the name `$1` in this database.
    private static let isNamed = """
        l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = \(key)
        """

    /// The key for the name `$1`. Qualified although no other schema is searched: a function of this name found before
    /// the server's own would run with the rights of whoever takes a lock.
    static let key = "pg_catalog.hashtextextended($1, 0)"
}

extension Connection {
    /// Takes a lock if it is free; nil if another session holds it. Never waits.
    public func tryAdvisoryLock(_ name: String) throws(PostgresError) -> AdvisoryLock? {
        let rows = try execute("SELECT pg_catalog.pg_try_advisory_lock(\(AdvisoryLock.key)) AS taken", [.text(name)])
        return try rows.first?.bool("taken") == true ? AdvisoryLock(self, name) : nil
    }

    /// Releases a lock that the session holds; has no effect on one that it does not hold.
    public func advisoryUnlock(_ name: String) throws(PostgresError) {
        try execute("SELECT pg_catalog.pg_advisory_unlock(\(AdvisoryLock.key))", [.text(name)])
    }

    /// Takes a shared lock, waiting for a session that holds it exclusively.
    ///
    /// - Throws: `PostgresError.lockHeld` after the session's `lock_timeout`.
    public func sharedAdvisoryLock(_ name: String) throws(PostgresError) {
        let start = ContinuousClock.now
        do {
            try execute("SELECT pg_catalog.pg_advisory_lock_shared(\(AdvisoryLock.key))", [.text(name)])
        } catch  where error.sqlState == "55P03" {
            throw try held(name, since: start)
        }
    }

    /// Takes an exclusive lock, waiting for it for a limited time.
    ///
    /// - Parameter waiting: Called once with the holder.
    /// - Throws: `PostgresError.lockHeld` if the lock is not free by then.
    public func advisoryLock(
        _ name: String, patience: Duration, waiting: (String) -> Void
    ) throws(PostgresError) -> AdvisoryLock {
        let start = ContinuousClock.now
        var isTold = false
        while true {
            if let lock = try tryAdvisoryLock(name) { return lock }
            if ContinuousClock.now - start >= patience { throw try held(name, since: start) }
            if !isTold, let holder = try AdvisoryLock.holder(of: name, on: self) {
                waiting("\(holder)")
                isTold = true
            }
            usleep(100_000)
        }
    }

    /// Returns the error for a lock that another session holds.
    public func held(_ name: String, since start: ContinuousClock.Instant) throws(PostgresError) -> PostgresError {
        let holder = try AdvisoryLock.holder(of: name, on: self).map { "\($0)" }
        return .lockHeld(
            name: name, holder: holder ?? "a session that just ended", waited: ContinuousClock.now - start)
    }

    public func releaseSharedAdvisoryLock(_ name: String) throws(PostgresError) {
        try execute("SELECT pg_catalog.pg_advisory_unlock_shared(\(AdvisoryLock.key))", [.text(name)])
    }
}

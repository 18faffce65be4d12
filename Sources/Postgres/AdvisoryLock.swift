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
        try connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", [.text(name)])
    }

    /// Whether the session still has it. It does not when a proxy moved the connection to another session, or someone
    /// ran `pg_advisory_unlock_all`.
    ///
    /// - Throws: `PostgresError`; when the connection is lost, so is the lock.
    public func isStillHeld() throws(PostgresError) -> Bool {
        let rows = try connection.execute(
            "SELECT FROM pg_locks l WHERE l.pid = pg_backend_pid() AND \(Self.isNamed)", [.text(name)])
        return !rows.isEmpty
    }

    /// Who holds a lock.
    public struct Holder: CustomStringConvertible, Sendable {
        public var pid: Int
        public var applicationName: String
        public var address: String?
        /// Nil when the holder's role is another one, of which the server tells less; so is the address.
        public var since: String?

        public var description: String {
            let place = since == nil ? "" : " from \(address ?? "this machine")"
            return "‘\(applicationName)’\(place), server process \(pid)\(since.map { ", connected since \($0)" } ?? "")"
        }
    }

    /// The holder of a lock, nil when it is free.
    public static func holder(of name: String, on connection: Connection) throws(PostgresError) -> Holder? {
        let rows = try connection.execute(
            """
            SELECT a.pid, a.application_name, host(a.client_addr) AS address, a.backend_start::text AS since
            FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE \(isNamed)
            """, [.text(name)])
        guard let row = rows.first else { return nil }
        return Holder(
            pid: try row.int("pid"), applicationName: try row.text("application_name"),
            address: try row.textOrNil("address"), since: try row.textOrNil("since"))
    }

    /// Of `pg_locks l`: the granted lock with the name `$1` in this database.
    private static let isNamed = """
        l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
        """
}

extension Connection {
    /// Takes the lock of a name if it is free; nil when another session holds it. Never waits.
    public func tryAdvisoryLock(_ name: String) throws(PostgresError) -> AdvisoryLock? {
        let rows = try execute("SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken", [.text(name)])
        return try rows.first?.bool("taken") == true ? AdvisoryLock(self, name) : nil
    }

    /// Takes a lock that others may share, and waits for whoever holds it alone.
    public func sharedAdvisoryLock(_ name: String) throws(PostgresError) {
        try execute("SELECT pg_advisory_lock_shared(hashtextextended($1, 0))", [.text(name)])
    }

    public func releaseSharedAdvisoryLock(_ name: String) throws(PostgresError) {
        try execute("SELECT pg_advisory_unlock_shared(hashtextextended($1, 0))", [.text(name)])
    }
}

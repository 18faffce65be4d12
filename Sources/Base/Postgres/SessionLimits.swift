import CLibPQ

/// Limits on how long a session waits for others, and others for it. Each is set only if nobody else has set it: the
/// connection string, `PGOPTIONS`, `ALTER ROLE … SET` and `ALTER DATABASE … SET` take precedence, the server's
/// configuration file does not.
public struct SessionLimits: Sendable {
    /// Names and values of server settings; names that a server does not know are skipped.
    private let settings: [(name: String, value: String)]

    /// The limits for a job that runs unattended.
    ///
    /// - It waits a minute for a lock, then fails with `55P03`; sessions queued behind it for that lock continue.
    /// - A transaction that a stalled job leaves open ends after a quarter of an hour, and releases its locks.
    /// - A session may idle without a limit: it does so while a model trains.
    /// - When the job's machine is gone, the server notices within two minutes and releases the job's locks.
    /// - Statements have no limit: no bound fits both the COPY of a day's logs and a large model's publication.
    ///   `statement_timeout` stays as role and server set it.
    public static let job = SessionLimits([
        ("lock_timeout", "60s"), ("idle_in_transaction_session_timeout", "15min"), ("idle_session_timeout", "0"),
        ("tcp_keepalives_idle", "30s"), ("tcp_keepalives_interval", "10s"), ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "60s"),
    ])

    private init(_ settings: [(name: String, value: String)]) {
        self.settings = settings
    }

    /// Sets the limits, except behind a proxy, where the server's session may soon be another client's.
    func apply(on connection: Connection) throws(PostgresError) {
        let values = settings.enumerated().map { "($\(2 * $0.offset + 2)::text, $\(2 * $0.offset + 3)::text)" }
        try connection.execute(
            """
            SELECT set_config(s.name, w.value, false)
            FROM pg_settings s JOIN (VALUES \(values.joined(separator: ", "))) AS w (name, value) USING (name)
            WHERE s.source IN ('default', 'environment variable', 'configuration file', 'command line')
              AND pg_backend_pid() = $1::int
            """,
            [.int(Int(PQbackendPID(connection.handle)))]
                + settings.flatMap { [.text($0.name), .text($0.value)] })
    }
}

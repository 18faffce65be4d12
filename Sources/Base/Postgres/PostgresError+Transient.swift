extension PostgresError {
    /// Whether the same work may succeed a little later without a change by hand: the server restarted or was full, the
    /// connection broke, another session was in the way. A full disk, a missing privilege or a wrong password is not
    /// transient.
    public var isTransient: Bool {
        switch self {
        case .connection(let failure): failure.isTransient
        case .connectionLost, .lockHeld: true
        case .server(let error): Self.isTransient(sqlState: error.sqlState)
        case .pooledByTransaction, .serverVersion, .session, .unexpectedValue, .malformedCopy, .unquotable, .migration:
            false
        }
    }

    /// Returns whether a SQLSTATE is transient. See https://www.postgresql.org/docs/current/errcodes-appendix.html
    public static func isTransient(sqlState: String) -> Bool {
        transientStates.contains(sqlState)
    }

    private static let transientStates: Set = [
        // Connections that broke or were not made. 08P01, a protocol violation, would only recur.
        "08000", "08001", "08003", "08004", "08006", "08007",
        // The server ended an idle transaction or session: this program was stalled.
        "25P03", "57P05",
        // Serialization failure, which a standby also reports for a conflict with recovery; deadlock.
        "40001", "40P01",
        // The server is out of memory or connections. 53100, a full disk, waits for a person.
        "53200", "53300",
        // lock_timeout, or NOWAIT.
        "55P03",
        // statement_timeout, or cancelled by a person; the server distinguishes them only in words.
        "57014",
        // Shut down, crashed, starting up.
        "57P01", "57P02", "57P03",
        // The snapshot is too old; a new run has a new one.
        "72000",
    ]
}

extension PostgresError {
    /// Whether the same work may succeed a little later with nothing changed by hand: the server restarted or was full, the
    /// connection broke, another session was in the way. A full disk, a missing right or a wrong password is not.
    public var isTransient: Bool {
        switch self {
        case .connection(let failure): failure.isTransient
        case .connectionLost, .lockHeld: true
        case .server(let error): Self.isTransient(sqlState: error.sqlState)
        case .pooledByTransaction, .session, .unexpectedValue, .malformedCopy, .unquotable, .migration: false
        }
    }

    /// The same of a SQLSTATE. See https://www.postgresql.org/docs/current/errcodes-appendix.html
    public static func isTransient(sqlState: String) -> Bool {
        transientStates.contains(sqlState)
    }

    private static let transientStates: Set = [
        // Connections that broke or were not made. 08P01, a violated protocol, comes again.
        "08000", "08001", "08003", "08004", "08006", "08007",
        // The server ended a transaction or session that idled: this program was stalled.
        "25P03", "57P05",
        // Serialization failure, which is also a standby's word for a conflict with recovery; deadlock.
        "40001", "40P01",
        // The server is out of memory or connections. 53100, a full disk, waits for a person.
        "53200", "53300",
        // lock_timeout, or NOWAIT.
        "55P03",
        // statement_timeout, or cancelled by a person, which the server tells apart in words only.
        "57014",
        // Shut down, crashed, starting up.
        "57P01", "57P02", "57P03",
        // The snapshot is too old; a new run has a new one.
        "72000",
    ]
}

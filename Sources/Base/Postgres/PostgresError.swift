/// A refusal by PostgreSQL or on the way to it.
public enum PostgresError: Error, CustomStringConvertible {
    /// No connection.
    case connection(ConnectionFailure)
    /// The connection was lost while in use.
    case connectionLost(message: String)
    /// A proxy in between gives one server session to several clients in turn, so that locks and settings do not last.
    case pooledByTransaction(String)
    /// The server is older than what is done there needs.
    case serverVersion(found: ServerVersion, access: ConnectionSettings.Access)
    /// A setting under which the server's answers are unreliable, and which the role cannot change.
    case session(setting: String, found: String, expected: String)
    /// A lock that all runs of the job agree on has been held by another session for too long.
    case lockHeld(name: String, holder: String, waited: Duration)
    /// The server refused a statement.
    case server(ServerError)
    /// A column holds something that the program did not ask for.
    case unexpectedValue(column: String, found: String?, expected: String)
    /// A binary COPY stream is not what the protocol says.
    case malformedCopy(String)
    /// A name cannot be quoted: it is not valid in the connection's encoding.
    case unquotable(String)
    /// An applied migration was edited, lost or came out of order.
    case migration(String)

    /// The five-character SQLSTATE, if the server gave one.
    public var sqlState: String? {
        switch self {
        case .server(let error): error.sqlState
        case .connection(let failure): failure.sqlState
        default: nil
        }
    }

    public var description: String {
        switch self {
        case .connection(let failure):
            failure.description
        case .connectionLost(let message):
            "the connection to PostgreSQL was lost: \(message.trimmed); run the command again, it continues where it "
                + "can"
        case .pooledByTransaction(let what):
            "a proxy that pools by transaction, such as pgbouncer, seems to be between this program and PostgreSQL: "
                + "\(what.trimmed); the job's lock and settings need a session of their own: give DATABASE_URL (and "
                + "SOURCE_DATABASE_URL) the server's own address, or one of the proxy with pool_mode = session and "
                + "ignore_startup_parameters = options"
        case .serverVersion(let found, let access):
            "the server is PostgreSQL \(found); \(ServerVersion.needed(for: access))"
        case .session(let setting, let found, let expected):
            "the session has \(setting) = \(found), which this role cannot change and under which rows or triggers are "
                + "passed over; expected \(expected): undo the ALTER ROLE … SET or ALTER DATABASE … SET, or correct "
                + "the server's configuration file"
        case .lockHeld(let name, let holder, let waited):
            "the lock ‘\(name)’ was not free within \(waited.components.seconds) seconds; it is held by \(holder): "
                + "wait for it, or have its user or a superuser end it: SELECT pg_terminate_backend(…)"
        case .server(let error):
            error.description
        case .unexpectedValue(let column, let found, let expected):
            "column ‘\(column)’ is \(found.map { "‘\($0)’" } ?? "NULL or absent"), expected \(expected); "
                + "was the database migrated by another version? Run: rocket migrate"
        case .malformedCopy(let what):
            "the COPY stream from PostgreSQL is malformed: \(what); does a proxy in between change it?"
        case .unquotable(let name):
            "the name ‘\(name)’ cannot be quoted for PostgreSQL; use valid UTF-8 without NUL characters"
        case .migration(let what):
            what
        }
    }
}

extension String {
    /// libpq ends its messages with a line break.
    fileprivate var trimmed: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

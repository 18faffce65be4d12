/// What PostgreSQL or the way to it refused.
public enum PostgresError: Error, CustomStringConvertible {
    /// No connection. The message is libpq's, which names host and user but never a password.
    case connection(message: String)
    /// The connection was lost while it was used.
    case connectionLost(message: String)
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

    /// An error message of the server with all that it says.
    /// See https://www.postgresql.org/docs/current/errcodes-appendix.html
    public struct ServerError: Sendable {
        public var sqlState: String
        public var message: String
        public var detail: String?
        public var hint: String?
        public var context: String?
        /// The statement without its parameters.
        public var statement: String
    }

    /// The five-character SQLSTATE, where the server gave one.
    public var sqlState: String? {
        if case .server(let error) = self { error.sqlState } else { nil }
    }

    public var description: String {
        switch self {
        case .connection(let message):
            "no connection to PostgreSQL: \(message.trimmed); check DATABASE_URL or PGHOST, PGUSER, PGDATABASE"
        case .connectionLost(let message):
            "the connection to PostgreSQL was lost: \(message.trimmed); run the command again, it continues where it can"
        case .server(let error):
            (["PostgreSQL \(error.sqlState): \(error.message)"]
                + [
                    error.detail.map { "detail: \($0)" }, error.hint.map { "hint: \($0)" },
                    error.context.map { "context: \($0)" },
                ].compactMap { $0 }
                // The job's own tables are missing, or older than the program.
                + (["42P01", "42703", "3F000"].contains(error.sqlState) && error.statement.contains("rocket.")
                    ? ["run: rocket migrate"] : [])
                + [
                    "statement: \(error.statement.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(300))"
                ])
                .joined(separator: "; ")
        case .unexpectedValue(let column, let found, let expected):
            "column ‘\(column)’ is \(found.map { "‘\($0)’" } ?? "NULL or absent"), expected \(expected); "
                + "was the database migrated by another version? Run: rocket migrate"
        case .malformedCopy(let what):
            "the COPY stream from PostgreSQL is malformed: \(what); is a proxy between that changes it?"
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

/// The reason why there is no connection, as far as can be known: libpq reports the client's own errors as text and the
/// server's by SQLSTATE.
public struct ConnectionFailure: Equatable, Sendable {
    public var cause: Cause
    /// libpq's message without anything that may be a password.
    public var message: String
    /// The server's SQLSTATE, if one answered; of several hosts, the last one's.
    public var sqlState: String?

    public enum Cause: Equatable, Sendable {
        /// Nothing answers: refused, no such socket, no route, or a time-out.
        case unreachable
        /// The host name has no address at the moment; a container that is down looks the same as one that never
        /// existed.
        case unknownHost
        /// The server is starting or stopping, or has no connection left.
        case notReady
        /// The role, password, certificate or `pg_hba.conf` refuses.
        case notAdmitted
        case noDatabase
        /// The two sides do not agree on TLS.
        case encryption
        /// The connection string, a service file or an environment variable is wrong.
        case settings
        /// The server refuses for another reason.
        case refused
    }

    /// Whether the same settings may connect later without a change by hand.
    public var isTransient: Bool {
        switch cause {
        case .unreachable, .unknownHost, .notReady: true
        case .notAdmitted, .noDatabase, .encryption, .settings, .refused: false
        }
    }
}

extension ConnectionFailure {
    /// - Parameters:
    ///   - text: The connection string.
    ///   - message: libpq's message.
    ///   - sqlStates: SQLSTATEs of the servers that answered, in order.
    ///   - needsPassword: Whether a server asked for a password and none was given.
    init(_ text: ConnectionText, message: String, sqlStates: [String], needsPassword: Bool) {
        sqlState = sqlStates.last
        guard let shown = text.redacted(message) else {
            cause = .settings
            self.message = "the connection string can be read in several ways"
            return
        }
        self.message = shown
        cause =
            needsPassword
            ? .notAdmitted : sqlStates.isEmpty ? Self.clientCause(message) : Self.serverCause(sqlStates)
    }

    /// Returns the cause for several servers: one that will be ready is enough.
    private static func serverCause(_ states: [String]) -> Cause {
        if states.contains(where: PostgresError.isTransient(sqlState:)) { return .notReady }
        switch states.last {
        case let state? where state.hasPrefix("28"): return .notAdmitted
        case "3D000": return .noDatabase
        // The role may not connect to the database.
        case "42501": return .notAdmitted
        default: return .refused
        }
    }

    /// Classifies libpq's own messages, which are in English: the program never sets a locale.
    private static func clientCause(_ message: String) -> Cause {
        if message.contains("for connection option") { return .settings }
        if message.contains("could not translate host name") { return .unknownHost }
        if ["SSL", "certificate", "TLS", "GSSAPI"].contains(where: message.contains) { return .encryption }
        if message.contains("no password supplied") { return .notAdmitted }
        if message.contains("connection to server") || message.contains("timeout expired") { return .unreachable }
        return .settings
    }
}

extension ConnectionFailure: CustomStringConvertible {
    public var description: String {
        let shown = message.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }.joined(
            separator: " ")
        return "no connection to PostgreSQL: \(shown); \(advice)"
    }

    private var advice: String {
        switch cause {
        case .unreachable: "check that the server runs, and DATABASE_URL or PGHOST and PGPORT"
        case .unknownHost: "check the host in DATABASE_URL or PGHOST, and that its name resolves here"
        case .notReady: "the server is starting, stopping or full; try again in a moment"
        case .notAdmitted:
            "check the role and its password (DATABASE_URL, PGUSER, PGPASSFILE), and the server's pg_hba.conf"
        case .noDatabase: "create the database, or check DATABASE_URL or PGDATABASE"
        case .encryption: "check sslmode and sslrootcert in DATABASE_URL, or PGSSLMODE and PGSSLROOTCERT"
        case .settings:
            "expected postgresql://user@host:port/database?key=value or key=value pairs; in a URI the characters @ / : "
                + "? % of a password are written %40 %2F %3A %3F %25"
        case .refused: "see the server's log"
        }
    }
}

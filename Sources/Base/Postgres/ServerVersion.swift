import CLibPQ

/// A version of PostgreSQL.
public struct ServerVersion: Equatable, Sendable {
    /// As `server_version_num` counts: 150018 for 15.18.
    public var number: Int

    public init(number: Int) { self.number = number }

    public var major: Int { number / 10_000 }

    /// The versions whose servers the tests run on. A newer one most likely works, too.
    public static func tested(for access: ConnectionSettings.Access) -> ClosedRange<Int> {
        switch access {
        // Migrations make functions with a body in standard SQL, which came with 14.
        case .readWrite: 14...18
        case .readOnly: 13...18
        }
    }

    /// What a server that is too old is told.
    public static func needed(for access: ConnectionSettings.Access) -> String {
        let (own, logs) = (tested(for: .readWrite), tested(for: .readOnly))
        return switch access {
        case .readWrite:
            "the job's own tables need PostgreSQL \(own.lowerBound) or newer (tested: \(own.lowerBound) to "
                + "\(own.upperBound)); give DATABASE_URL such a server. Logs may stay on \(logs.lowerBound) or newer: "
                + "name their server in SOURCE_DATABASE_URL"
        case .readOnly:
            "logs are read from PostgreSQL \(logs.lowerBound) or newer (tested: \(logs.lowerBound) to "
                + "\(logs.upperBound)); upgrade that server, or read a logical replica on a newer one"
        }
    }
}

extension ServerVersion: CustomStringConvertible {
    public var description: String { "\(major).\(number % 10_000)" }
}

extension Connection {
    /// The version of the server, which it told when the connection was made.
    public var serverVersion: ServerVersion { ServerVersion(number: Int(PQserverVersion(handle))) }

    /// Makes sure that the server is not older than what is done there needs: the job's own tables, or reading logs.
    ///
    /// - Throws: `PostgresError.serverVersion`.
    public func requireSupportedServer() throws(PostgresError) {
        let found = serverVersion
        guard found.major < ServerVersion.tested(for: settings.access).lowerBound else { return }
        throw .serverVersion(found: found, access: settings.access)
    }
}

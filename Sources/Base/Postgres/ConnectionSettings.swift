import Foundation

/// A database's address and the behaviour of its sessions: a libpq connection string or URI; empty means libpq's own
/// environment (`PGHOST`, service files, …). See https://www.postgresql.org/docs/current/libpq-connect.html
public struct ConnectionSettings: Sendable {
    let conninfo: String
    var access: Access
    var limits: SessionLimits

    /// Whether a session may write.
    public enum Access: Sendable {
        case readWrite
        /// Every transaction is read-only: a log is only ever read.
        case readOnly
    }

    /// The settings given to each session or, behind a proxy, to each transaction.
    var pinned: PinnedSettings { PinnedSettings(access) }

    /// - Parameter limits: How long its sessions wait; limits set by the user, the role or the database take
    ///   precedence.
    public init(_ conninfo: String, access: Access = .readWrite, limits: SessionLimits = .job) {
        self.conninfo = conninfo
        self.access = access
        self.limits = limits
    }

    /// Returns the settings of the given URL, else of `$DATABASE_URL`, else of libpq's environment.
    public static func fromEnvironment(url: String?) -> ConnectionSettings {
        ConnectionSettings(url ?? ProcessInfo.processInfo.environment["DATABASE_URL"] ?? "")
    }

    /// Returns the read-only settings of the logs: the given URL, else `$SOURCE_DATABASE_URL`, else the results'
    /// database.
    public static func source(url: String?, results: String?) -> ConnectionSettings {
        let variable = ProcessInfo.processInfo.environment["SOURCE_DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        return ConnectionSettings(url ?? variable ?? fromEnvironment(url: results).conninfo, access: .readOnly)
    }

    /// Whether the connection string itself holds a password: everybody on the machine can read a command line.
    public var holdsPassword: Bool { ConnectionText(conninfo).holdsPassword }
}

extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible {
    /// A fixed text, never the connection string, which may hold a password.
    public var description: String { "PostgreSQL connection settings" }
    public var debugDescription: String { description }
}

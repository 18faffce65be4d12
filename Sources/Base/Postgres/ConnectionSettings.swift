import Foundation

/// Where a database is and how a session of it behaves: a libpq connection string or URI; empty means libpq's own
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

    /// What each session of it, or each transaction, is given.
    var pinned: PinnedSettings { PinnedSettings(access) }

    /// - Parameter limits: how long its sessions wait; what the user, the role or the database sets goes first.
    public init(_ conninfo: String, access: Access = .readWrite, limits: SessionLimits = .job) {
        self.conninfo = conninfo
        self.access = access
        self.limits = limits
    }

    /// The URL given, else `$DATABASE_URL`, else libpq's environment.
    public static func fromEnvironment(url: String?) -> ConnectionSettings {
        ConnectionSettings(url ?? ProcessInfo.processInfo.environment["DATABASE_URL"] ?? "")
    }

    /// Where the logs are, read-only: the URL given, else `$SOURCE_DATABASE_URL`, else the database of the results.
    public static func source(url: String?, results: String?) -> ConnectionSettings {
        let variable = ProcessInfo.processInfo.environment["SOURCE_DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        return ConnectionSettings(url ?? variable ?? fromEnvironment(url: results).conninfo, access: .readOnly)
    }

    /// Whether the connection string holds a password itself: on a command line everybody on the machine sees it.
    public var holdsPassword: Bool { ConnectionText(conninfo).holdsPassword }
}

extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never the connection string, which may hold a password.
    public var description: String { "PostgreSQL connection settings" }
    public var debugDescription: String { description }
}

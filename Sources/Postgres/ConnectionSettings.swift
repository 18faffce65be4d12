import Foundation

/// Where a database is: a libpq connection string or URI; empty means libpq's own environment (`PGHOST`, service
/// files, …). See https://www.postgresql.org/docs/current/libpq-connect.html
public struct ConnectionSettings: Sendable {
    let conninfo: String

    public init(_ conninfo: String) {
        self.conninfo = conninfo
    }

    /// The URL given, else `$DATABASE_URL`, else libpq's environment.
    public static func fromEnvironment(url: String?) -> ConnectionSettings {
        ConnectionSettings(url ?? ProcessInfo.processInfo.environment["DATABASE_URL"] ?? "")
    }
}

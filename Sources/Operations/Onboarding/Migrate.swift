import Postgres

/// `rocket migrate`: applies what is pending and returns the names of the files applied.
///
/// - Parameters:
///   - patience: how long another run's migrations are waited for.
///   - waiting: told whose they are.
public func migrate(
    directory: String, database: String?, patience: Duration, waiting: (String) -> Void
) throws -> [String] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket migrate")
    try connection.requireSession()
    return try Migrations(directory: directory).apply(on: connection, patience: patience, waiting: waiting).map(\.name)
}

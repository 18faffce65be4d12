import Postgres

/// `rocket migrate`: applies what is pending and returns the names of the files applied.
public func migrate(directory: String, database: String?) throws -> [String] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket migrate")
    return try Migrations(directory: directory).apply(on: connection).map(\.name)
}

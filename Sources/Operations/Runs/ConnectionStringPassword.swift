import Postgres

/// Whether a PostgreSQL connection string or URI holds a password itself.
public func holdsPassword(connectionString: String) -> Bool {
    ConnectionSettings(connectionString).holdsPassword
}

import Postgres

/// The job's tables: their migrations are part of the program, so that one binary is enough.
public enum JobSchema {
    /// The migrations of a folder; nil: those of the program.
    ///
    /// - Throws: `PostgresError.migration` if the folder is missing, or its files are not numbered 1, 2, 3, …
    public static func migrations(in folder: String? = nil) throws -> Migrations {
        guard let folder else { return try Migrations(files: files, origin: "this program") }
        return try Migrations(directory: folder)
    }

    /// Whether a database has all migrations that this program needs.
    ///
    /// - Throws: `PostgresError`.
    static func isCurrent(on results: Connection) throws -> Bool {
        let isThere = try results.execute("SELECT to_regclass('rocket.schema_migrations') IS NOT NULL AS ok")
        guard try isThere.first?.bool("ok") == true else { return false }
        let applied = try results.execute("SELECT name FROM rocket.schema_migrations").map { try $0.text("name") }
        return Set(files.map(\.name)).isSubset(of: applied)
    }
}

import Digests
import Foundation

/// One numbered SQL file.
public struct Migration: Equatable, Sendable {
    public var number: Int
    /// The file name, `0001_logs.sql`.
    public var name: String
    public var sql: String
    /// The SHA-256 of the file, in hexadecimal.
    public var checksum: String
}

/// Numbered migrations, applied in order, each in one transaction with its row in `rocket.schema_migrations`.
/// Concurrent runs wait for each other.
public struct Migrations: Sendable {
    public let all: [Migration]
    /// Where they come from, for messages.
    private let origin: String

    /// - Throws: `PostgresError.migration` if the folder is missing, a name does not read `NNNN_name.sql`, or numbers
    ///   are not 1, 2, 3, …
    public init(directory: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sql") }
        } catch {
            throw PostgresError.migration(
                "there is no folder of migrations at \(directory); leave --directory and ROCKET_MIGRATIONS out to use "
                    + "those of the program")
        }
        let files = try names.sorted().map { name in
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
            return (name: name, sql: String(decoding: data, as: UTF8.self))
        }
        try self.init(files: files, origin: directory)
    }

    /// Creates migrations from the text of their files, in the order of their names.
    ///
    /// - Parameter origin: Where they come from, for messages.
    /// - Throws: `PostgresError.migration` if a name does not read `NNNN_name.sql`, or numbers are not 1, 2, 3, …
    public init(files: [(name: String, sql: String)], origin: String) throws {
        self.origin = origin
        var expected = 0
        all = try files.map { file in
            let digits = file.name.prefix { $0 != "_" }
            expected += 1
            guard digits.count == 4, let number = Int(digits), number == expected else {
                throw PostgresError.migration(
                    "\(origin)/\(file.name): expected a file \(String(format: "%04d", expected))_….sql here; "
                        + "migrations are numbered 0001, 0002, … without gaps or repeats")
            }
            return Migration(
                number: number, name: file.name, sql: file.sql, checksum: try SHA256Digest.of(Array(file.sql.utf8)).hex)
        }
    }

    /// The lock that a run of migrations holds.
    public static let lock = "rocket/migrate"

    /// Applies the pending migrations and returns them.
    ///
    /// - Parameters:
    ///   - patience: How long to wait for another run's migrations.
    ///   - waiting: Called with the run that holds the lock.
    /// - Throws: `PostgresError.migration` if an applied file was edited or is missing, or if the database is not in
    ///   UTF8; `PostgresError.serverVersion`, before anything else; `PostgresError.lockHeld`; `PostgresError.server` if
    ///   a file fails, after which the database is as it was before that file.
    public func apply(
        on connection: Connection, patience: Duration = .seconds(300), waiting: (String) -> Void = { _ in }
    ) throws -> [Migration] {
        try connection.requireSupportedServer()
        let lock = try connection.advisoryLock(Self.lock, patience: patience, waiting: waiting)
        defer { try? lock.release() }
        try Self.checkEncoding(on: connection)
        try connection.script(
            """
            CREATE SCHEMA IF NOT EXISTS rocket;
            CREATE TABLE IF NOT EXISTS rocket.schema_migrations (
                number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now());
            COMMENT ON TABLE rocket.schema_migrations IS 'Migration files that were applied.';
            COMMENT ON COLUMN rocket.schema_migrations.number IS 'Number of the file.';
            COMMENT ON COLUMN rocket.schema_migrations.name IS 'Name of the file.';
            COMMENT ON COLUMN rocket.schema_migrations.checksum IS 'SHA-256 of the file when it was applied.';
            COMMENT ON COLUMN rocket.schema_migrations.applied_at IS 'When it was applied.';
            """)
        let pending = try pending(on: connection)
        for migration in pending {
            try connection.transaction { connection in
                try connection.script(migration.sql)
                try connection.execute(
                    "INSERT INTO rocket.schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
                    [.int(migration.number), .text(migration.name), .text(migration.checksum)])
            }
        }
        return pending
    }

    /// Checks that a database new to the job is in UTF-8: no other encoding can hold every name and value, and
    /// SQL_ASCII takes bytes that nobody can read back.
    private static func checkEncoding(on connection: Connection) throws {
        let row = try connection.execute(
            """
            SELECT pg_catalog.getdatabaseencoding() AS encoding, pg_catalog.current_database() AS name,
                   EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'rocket') AS is_there
            """
        ).first
        guard let row, try !row.bool("is_there") else { return }
        let encoding = try row.text("encoding")
        guard encoding != "UTF8" else { return }
        let name = try row.text("name")
        throw PostgresError.migration(
            "the database ‘\(name)’ has the encoding \(encoding), expected UTF8: the job's tables hold names and "
                + "values of every language; create one: createdb --encoding UTF8 --template template0 NAME, and name "
                + "it in DATABASE_URL. Logs may stay where they are: SOURCE_DATABASE_URL")
    }

    private func pending(on connection: Connection) throws -> [Migration] {
        let applied = try connection.execute(
            "SELECT number, name, checksum FROM rocket.schema_migrations ORDER BY number")
        for row in applied {
            let number = try row.int("number")
            let name = try row.text("name")
            guard let migration = all.first(where: { $0.number == number }) else {
                throw PostgresError.migration(
                    "\(name) was applied to this database but is not in \(origin); use a newer version of rocket")
            }
            guard migration.checksum == (try row.text("checksum")), migration.name == name else {
                throw PostgresError.migration(
                    "\(migration.name) was edited after it was applied (as \(name)): that of \(origin) is another one; restore "
                        + "the file and put the change into a new migration")
            }
        }
        let done = Set(try applied.map { try $0.int("number") })
        return all.filter { !done.contains($0.number) }
    }
}

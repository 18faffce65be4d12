import CXXHash
import Foundation
import Postgres

/// A database of its own on the server that `jobs/test` started, dropped when the body is over.
public enum TestDatabase {
    public enum Contents { case empty, migrated }

    /// - Throws: when the server is not there: these tests never pass by not running.
    public static func run(_ contents: Contents = .migrated, _ body: (String) throws -> Void) throws {
        let template = contents == .migrated ? try migrated.get() : "template1"
        let name = freshName()
        let admin = try Connection(ConnectionSettings(server()), applicationName: "tests")
        try admin.script("CREATE DATABASE \(name) TEMPLATE \(template)")
        defer { try? admin.script("DROP DATABASE \(name) WITH (FORCE)") }
        try body(url(of: name))
    }

    /// The database of which migrated ones are copies, because a copy takes half the time of all migrations. It lives
    /// as long as the server; with other migrations it has another name.
    private static let migrated = Result<String, any Error> {
        let migrations = try Migrations(directory: repository + "/migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: repository + "/migrations").sorted()
        let all = try names.reduce(into: [UInt8]()) { all, name in
            all += try Array(name.utf8) + Data(contentsOf: URL(fileURLWithPath: "\(repository)/migrations/\(name)"))
        }
        let name = "test_migrated_\(String(XXH64(all, all.count, 0), radix: 16))"
        let admin = try Connection(ConnectionSettings(server()), applicationName: "tests")
        // Several processes may test on one server.
        let lock = try admin.advisoryLock(name, patience: .seconds(60)) { _ in }
        defer { try? lock.release() }
        let known = try admin.execute("SELECT FROM pg_catalog.pg_database WHERE datname = $1", [.text(name)])
        guard known.isEmpty else { return name }
        let unfinished = freshName()
        try admin.script("CREATE DATABASE \(unfinished)")
        do {
            let connection = try Connection(ConnectionSettings(url(of: unfinished)), applicationName: "tests")
            _ = try migrations.apply(on: connection)
        }
        try admin.script("ALTER DATABASE \(unfinished) RENAME TO \(name)")
        return name
    }

    private static func server() throws -> String {
        guard let server = ProcessInfo.processInfo.environment["ROCKET_TEST_DATABASE_URL"] else {
            throw MissingServer()
        }
        return server
    }

    private static func url(of database: String) throws -> String {
        try server().replacing("/rocket?", with: "/\(database)?")
    }

    private static func freshName() -> String {
        "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    }

    /// A connection for the test's own statements, which may leave the schema `public` out; the program's may not.
    public static func connect(_ url: String) throws -> Connection {
        let connection = try Connection(ConnectionSettings(url), applicationName: "tests")
        try connection.script("SET search_path = public")
        return connection
    }

    /// The package's folder.
    public static var repository: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// The sample data beside the project, nil where they are not.
    public static var sampleData: String? {
        let path = ProcessInfo.processInfo.environment["ROCKET_SAMPLE_DATA"] ?? "\(repository)/../shared/data"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private struct MissingServer: Error, CustomStringConvertible {
        let description = "no PostgreSQL for the tests: run them with jobs/test, which starts one"
    }
}

/// A folder that is removed when the body is over.
public func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let path = "\(NSTemporaryDirectory())rocket-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

import Foundation
import Postgres

/// A database of its own on the server that `jobs/test` started, dropped when the body is over.
public enum TestDatabase {
    public enum Contents { case empty, migrated }

    /// - Throws: when the server is not there: these tests never pass by not running.
    public static func run(_ contents: Contents = .migrated, _ body: (String) throws -> Void) throws {
        guard let server = ProcessInfo.processInfo.environment["ROCKET_TEST_DATABASE_URL"] else {
            throw MissingServer()
        }
        let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        let admin = try Connection(ConnectionSettings(server), applicationName: "tests")
        try admin.script("CREATE DATABASE \(name)")
        defer { try? admin.script("DROP DATABASE \(name) WITH (FORCE)") }
        let url = server.replacing("/rocket?", with: "/\(name)?")
        if contents == .migrated {
            let connection = try Connection(ConnectionSettings(url), applicationName: "tests")
            _ = try Migrations(directory: repository + "/migrations").apply(on: connection)
        }
        try body(url)
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

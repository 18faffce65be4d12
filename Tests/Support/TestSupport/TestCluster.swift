import Foundation
import Postgres

/// A PostgreSQL server of a test's own, made by `jobs/cluster` and removed when the body is over.
public enum TestCluster {
    /// - Parameter body: is given the folder of the cluster, and the URL of a database `rocket` on it.
    public static func run(_ body: (_ folder: String, _ url: String) throws -> Void) throws {
        try withCluster(["--throwaway"], command: "start", body)
    }

    /// A streaming replica of the cluster in a folder.
    public static func replica(
        of primary: String, _ body: (_ folder: String, _ url: String) throws -> Void
    ) throws {
        try withCluster([primary], command: "replica", body)
    }

    private static func withCluster(
        _ arguments: [String], command: String, _ body: (String, String) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            defer { _ = try? cluster(["destroy", folder]) }
            let url = try cluster([command, folder] + arguments).split(whereSeparator: \.isNewline).last
            try body(folder, String(url ?? ""))
        }
    }

    private static func cluster(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestDatabase.repository + "/jobs/cluster")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
        return String(decoding: text, as: UTF8.self)
    }

    private struct Failure: Error {
        let arguments: [String]
    }
}

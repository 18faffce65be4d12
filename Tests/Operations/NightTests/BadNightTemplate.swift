import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// A database with the logs of four days and a live version that was judged on the third, from which each bad night
/// gets a copy of its own.
struct BadNightTemplate: SuiteTrait, TestScoping {
    @TaskLocal static var current: Made?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let made = try Made()
        defer { made.remove() }
        try await Self.$current.withValue(made) { try await function() }
    }

    struct Made: Sendable {
        private let server, name, folder: String

        init() throws {
            server = try #require(ProcessInfo.processInfo.environment["ROCKET_TEST_DATABASE_URL"])
            name = "bad_nights_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
            folder = "\(NSTemporaryDirectory())rocket-\(name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try TestDatabase.connect(server).script("CREATE DATABASE \(name)")
            let url = url(of: name)
            try Self.expect(["migrate"], on: url)
            try Self.expect(
                ["sample-logs", "--days", "4", "--impressions", "2000", "--first-day", "2026-01-05", "--seed", "3"],
                on: url)
            try BadNight.jobFile(cache: "\(folder)/cache")
                .write(toFile: "\(folder)/job.yaml", atomically: true, encoding: .utf8)
            try Self.expect(
                ["nightly", "--quiet", "--job", "\(folder)/job.yaml", "--as-of", "2026-01-08T01:00Z"], on: url)
        }

        private static func expect(_ arguments: [String], on url: String) throws {
            let result = try RocketProgram.rocket(arguments, database: url)
            try #require(result.code == 0, "\(arguments): \(result.errors)")
        }

        private func url(of database: String) -> String { server.replacing("/rocket?", with: "/\(database)?") }

        /// - Parameter body: is given a copy of the database, and a folder with the job file and a copy of the cache.
        func copy(_ number: Int, _ body: (BadNight.Scene) throws -> Void) throws {
            let copy = "\(name)_\(number)"
            let own = "\(folder)/\(number)"
            let admin = try TestDatabase.connect(server)
            try admin.script("CREATE DATABASE \(copy) TEMPLATE \(name)")
            defer { try? admin.script("DROP DATABASE \(copy) WITH (FORCE)") }
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(folder)/cache", toPath: "\(own)/cache")
            let url = url(of: copy)
            let connection = try TestDatabase.connect(url)
            for table in ["cache_manifest", "cache_copies"] {
                try connection.execute(
                    "UPDATE rocket.\(table) SET path = replace(path, $1, $2)",
                    [.text("\(folder)/cache"), .text("\(own)/cache")])
            }
            try body(BadNight.Scene(url: url, database: copy, folder: own))
        }

        func remove() {
            try? TestDatabase.connect(server).script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}

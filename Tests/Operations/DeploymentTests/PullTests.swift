import Deployment
import Foundation
import OperationsSupport
import Postgres
import Runs
import TestSupport
import Testing

/// How a server gets the live version again and again.
@Suite struct PullTests {
    /// A model with two versions, of which the first is live.
    private static func withVersions(_ body: (_ url: String, _ folder: String) throws -> Void) throws {
        try TestJob.withJob(days: 4) { url, job in
            for night in ["2026-01-08", "2026-01-09"] {
                let result = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job, "--as-of", "\(night)T01:00Z"], database: url)
                #expect([0, 8].contains(result.code), "\(result.errors)")
            }
            let connection = try TestDatabase.connect(url)
            if try connection.execute("SELECT version FROM rocket.live_models").first?.int("version") != 1 {
                try connection.execute("SELECT rocket.promote_version(1, 'the test begins with it', true)")
            }
            try withTemporaryFolder { try body(url, $0) }
        }
    }

    private static func pull(_ arguments: String, _ url: String, _ folder: String) throws -> RocketProgram.Result {
        try RocketProgram.rocket(
            ["models", "pull"] + arguments.split(separator: " ").map(String.init) + ["--to", folder], database: url)
    }

    private static func current(_ folder: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/current")
    }

    @Test("A pull of the live version moves the link, and with --if-newer ends with 3 if it need not")
    func newer() throws {
        try Self.withVersions { url, folder in
            #expect(try Self.pull("2", url, folder).code == 0 && Self.current(folder) == nil)
            let first = try Self.pull("live --if-newer", url, folder)
            #expect(first.code == 0 && Self.current(folder) == "test-1", "\(first.errors)")
            let again = try Self.pull("live --if-newer", url, folder)
            #expect(again.code == 3 && again.output.contains("nothing is newer"), "\(again.errors)")
            #expect(try Self.pull("live --if-newer --json", url, folder).output.filter { !$0.isWhitespace } == "[]")
            // A file that is not there is fetched.
            #expect(try Self.pull("live --if-newer --booster", url, folder).code == 0)
            try FileManager.default.removeItem(atPath: "\(folder)/current/features.json")
            #expect(try Self.pull("live --if-newer", url, folder).code == 0)
            #expect(try Self.pull("live --if-newer", url, folder).code == 3)

            let promoted = try RocketProgram.rocket(
                ["models", "promote", "2", "--force", "--reason", "newer"], database: url)
            #expect(promoted.code == 0, "\(promoted.errors)")
            #expect(try Self.pull("live --if-newer", url, folder).code == 0 && Self.current(folder) == "test-2")
            // Back again is another version, too.
            #expect(try RocketProgram.rocket(["models", "rollback", "--model", "test"], database: url).code == 0)
            #expect(try Self.pull("live --if-newer", url, folder).code == 0 && Self.current(folder) == "test-1")
            let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(left == ["current", "test-1", "test-2"])
            #expect(try Self.pull("2 --if-newer", url, folder).code == 64)
        }
    }

    @Test("A file that is not the database's is fetched again, though it is there")
    func changedFile() throws {
        try Self.withVersions { url, folder in
            #expect(try Self.pull("live --if-newer", url, folder).code == 0)
            for name in ["features.json", "light.onnx", "examples.jsonl"] {
                let path = "\(folder)/test-1/\(name)"
                let whole = try Data(contentsOf: URL(fileURLWithPath: path))
                try (whole + Data(" ".utf8)).write(to: URL(fileURLWithPath: path))
                #expect(try Self.pull("live --if-newer", url, folder).code == 0, "\(name)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "\(name)")
                #expect(try Self.pull("live --if-newer", url, folder).code == 3, "\(name)")
            }
        }
    }

    @Test("A pull that waited for another one takes the version that is live then, and never leads to a missing folder")
    func overlapping() throws {
        try Self.withVersions { url, folder in
            let other = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(other) }
            #expect(flock(other, LOCK_EX) == 0)
            let slow = try RocketProgram.started(
                ["models", "pull", "live", "--if-newer", "--to", folder], database: url)
            let errors = try #require(slow.standardError as? Pipe).fileHandleForReading
            var text = ""
            while !text.contains("another pull writes to") {
                let data = errors.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            #expect(text.contains("another pull writes to \(folder)"), "\(text)")
            try TestDatabase.connect(url).execute("SELECT rocket.promote_version(2, 'meanwhile', true)")
            #expect(flock(other, LOCK_UN) == 0)
            slow.waitUntilExit()
            #expect(slow.terminationStatus == 0 && Self.current(folder) == "test-2")
            let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(left == ["current", "test-2"])

            #expect(throws: JobError.self) { try Deployments(database: url).makeCurrent(1, in: folder) }
            #expect(Self.current(folder) == "test-2")
            try FileManager.default.removeItem(atPath: "\(folder)/test-2")
            #expect(try Self.pull("live --if-newer", url, folder).code == 0)
            #expect(FileManager.default.fileExists(atPath: "\(folder)/current/features.json"))
        }
    }

    @Test("A link or folder of that name which belongs to something else stays, and --if-newer refuses it")
    func foreign() throws {
        try Self.withVersions { url, folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/current", withDestinationPath: "other-7")
            let beside = try Self.pull("live", url, folder)
            #expect(beside.code == 0 && beside.errors.contains("leads to other-7"), "\(beside.errors)")
            let refused = try Self.pull("live --if-newer", url, folder)
            #expect(refused.code == 6 && refused.errors.contains("a folder of its own"))
            #expect(Self.current(folder) == "other-7")
            try FileManager.default.removeItem(atPath: "\(folder)/current")
            try FileManager.default.createDirectory(atPath: "\(folder)/current", withIntermediateDirectories: false)
            #expect(try Self.pull("live", url, folder).code == 0)
            #expect(try Self.pull("live --if-newer", url, folder).code == 6)
        }
    }

    @Test("Whoever listens on rocket_live is told the model and the version once a deployment commits")
    func notification() throws {
        try Self.withVersions { url, _ in
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "psql", url, "-qAtX", "-c", "LISTEN rocket_live", "-c",
                "BEGIN; SELECT rocket.promote_version(2, 'never', true); ROLLBACK", "-c",
                "SELECT rocket.promote_version(2, 'newer', true)", "-c", "SELECT rocket.retire_version(2, 'over')",
            ]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let payloads = text.matches(of: #/"rocket_live" with payload "(.*)" received/#).map { String($0.1) }
            #expect(
                payloads == [#"{"model": "test", "version": 2}"#, #"{"model": "test", "version": null}"#], "\(text)")
        }
    }
}

import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Runs the command blocks of README and of Getting started as they stand, on a database with a shop's tables.
@Suite struct ManualCommandsTests {
    /// Beginnings of lines that are not run, and why.
    private static let exceptions = [
        "jobs/quickstart": "installs packages, builds and trains for minutes; CI runs what it consists of",
        "jobs/test": "is this test run",
        "jobs/install": "installs packages and builds; CI begins with it",
        "jobs/cluster": "starts a server beside the tests' own; jobs/test uses it for that one",
        "jobs/manual": "builds; and man waits for a key",
        "rocket --generate-completion-script": "writes to /etc; the script itself is run without that below",
        "export PATH": "the tests' program is elsewhere",
        "export DATABASE_URL": "the tests' database is elsewhere",
    ]

    private static func commands(_ page: String) -> [String] {
        page.matches(of: /(?ms)^```sh\n(.*?)^```$/).flatMap { $0.1.split(separator: "\n").map(String.init) }
            .filter { !$0.isEmpty }
    }

    private static func isException(_ line: String) -> Bool { exceptions.keys.contains { line.hasPrefix($0) } }

    @Test("Every command of README and Getting started is run or has a reason why not, and every reason a command")
    func complete() throws {
        let lines = try Self.commands(Self.readme()) + Self.commands(ManualPage.gettingStarted.text())
        #expect(lines.count > 15)
        for start in Self.exceptions.keys { #expect(lines.contains { $0.hasPrefix(start) }, "\(start)") }
    }

    @Test("The commands of README end with 0, in their order, and so do its questions in SQL")
    func readme() throws {
        let page = try Self.readme()
        let questions = page.matches(of: /(?m)^```\n(SELECT [^;]*;)$/).map {
            "psql -qX \"$DATABASE_URL\" -c \"\($0.1)\""
        }
        #expect(questions.count == 3)
        try Self.run(Self.commands(page) + questions)
    }

    @Test("The commands of Getting started end with 0, in their order")
    func gettingStarted() throws {
        try Self.run(Self.commands(ManualPage.gettingStarted.text()) + ["rocket --generate-completion-script bash"])
    }

    private static func readme() throws -> String {
        try String(contentsOfFile: "\(TestDatabase.repository)/README.md", encoding: .utf8)
    }

    /// Runs lines in one shell, in an empty folder, where the shop's tables are in the database.
    private static func run(_ lines: [String]) throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(on: url)
            try withTemporaryFolder { folder in
                let shell = Process()
                shell.executableURL = URL(fileURLWithPath: "/bin/bash")
                shell.arguments = ["-euxc", lines.filter { !isException($0) }.joined(separator: "\n")]
                shell.currentDirectoryURL = URL(fileURLWithPath: folder)
                let programs = try RocketProgram.program().deletingLastPathComponent().path
                shell.environment = ProcessInfo.processInfo.environment.merging([
                    "DATABASE_URL": url, "ROCKET_MIGRATIONS": "\(TestDatabase.repository)/migrations",
                    "PATH": "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
                ]) { $1 }
                let output = Pipe()
                shell.standardOutput = output
                shell.standardError = output
                try shell.run()
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                shell.waitUntilExit()
                #expect(shell.terminationStatus == 0, "\(text)")
            }
        }
    }
}

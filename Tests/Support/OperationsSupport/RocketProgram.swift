import Foundation
import TestSupport

/// The program as a script sees it.
package enum RocketProgram {
    package struct Result {
        package let code: Int32
        package let output: String
        package let errors: String
    }

    /// The program that was built beside the tests.
    package static func program() throws -> URL {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [tests, tests.deletingLastPathComponent()].map { $0.appending(path: "rocket") }
        let all = candidates + [URL(fileURLWithPath: "\(TestDatabase.repository)/.build/release/rocket")]
        guard let program = all.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            throw NoProgram(candidates: all.map(\.path))
        }
        return program
    }

    /// Starts it.
    package static func started(
        _ arguments: [String], database: String, environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = try program()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": database]) { $1 }
            .merging(environment) { $1 }
        process.standardOutput = Pipe()
        process.standardError = Pipe()
        try process.run()
        return process
    }

    /// Runs the program to its end.
    package static func rocket(
        _ arguments: [String], database: String, environment: [String: String] = [:]
    ) throws -> Result {
        let process = try started(arguments, database: database, environment: environment)
        guard let output = process.standardOutput as? Pipe, let errors = process.standardError as? Pipe else {
            throw NoProgram(candidates: [])
        }
        // Errors are few; output may be more than a pipe holds, so it is read first.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let messages = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: messages, as: UTF8.self))
    }

    private struct NoProgram: Error {
        let candidates: [String]
    }
}

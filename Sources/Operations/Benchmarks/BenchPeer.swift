import Foundation

/// A Python script that a benchmark compares with, running and waiting for its turns: a line in, a line out.
final class BenchPeer {
    private let script, needs: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// Starts it and waits until it is warm, which it tells by a line.
    ///
    /// - Parameters:
    ///   - script: by its path from the project's folder.
    ///   - needs: the packages that its Python must have.
    /// - Throws: `BenchError`.
    init(_ python: String, script: String, needs: String, _ arguments: [String]) throws {
        self.script = script
        self.needs = needs
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, script] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        _ = try number(from: line())
    }

    /// Its answer to a line, one number.
    func number(for line: String) throws -> Double {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
        return try number(from: self.line())
    }

    /// Its answer to a line, numbers with blanks between them.
    func numbers(for line: String) throws -> [Double] {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
        return try self.line().split(separator: " ").map { try number(from: String($0)) }
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private func line() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    private func number(from text: String) throws -> Double {
        guard let number = Double(text) else { throw BenchError.noAnswer(script: script, needs: needs) }
        return number
    }
}

/// Why a comparison could not be made.
enum BenchError: Error, CustomStringConvertible {
    case noAnswer(script: String, needs: String)
    /// What is compared does not compute the same.
    case different(largest: Double, most: Double)

    var description: String {
        switch self {
        case .noAnswer(let script, let needs):
            """
            \(script) gave no figure; its message is above. It needs a Python with \(needs), and the project's folder as the \
            working directory
            """
        case .different(let largest, let most):
            "the probabilities of Ranker and of onnxruntime differ by \(largest), expected at most \(most); the times are "
                + "not of the same work"
        }
    }
}

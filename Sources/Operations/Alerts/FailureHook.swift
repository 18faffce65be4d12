import Files
import Foundation
import JobFile
import Logging
import Runs

/// Calls a program, a URL or both when a run ended badly. Bounded: the program is stopped when its time is over, the
/// URL has ten seconds to answer.
public struct FailureHook {
    let notice: FailureNotice
    let commandLimit: Duration

    /// What is told.
    public struct Failure: Sendable {
        public var model: String
        public var command: String
        public var exit: ExitStatus
        public var error: String
        /// Number of the run in the ledger, if the command opened one.
        public var run: Int?

        public init(model: String, command: String, exit: ExitStatus, error: String, run: Int?) {
            self.model = model
            self.command = command
            self.exit = exit
            self.error = error
            self.run = run
        }
    }

    /// - Parameter commandLimit: how long the command may take before it is stopped.
    public init(_ notice: FailureNotice, commandLimit: Duration = .seconds(60)) {
        self.notice = notice
        self.commandLimit = commandLimit
    }

    /// Failures always; what may be wanted as well, as the job file says.
    public func isDue(_ exit: ExitStatus) -> Bool {
        switch exit {
        case .done, .nothingToDo: false
        case .locked: notice.also.contains(.locked)
        case .held: notice.also.contains(.held)
        case .interrupted: notice.also.contains(.stopped)
        case .internalError, .dataCheckFailed, .configuration, .database, .ranksLost, .outputFailed: true
        }
    }

    /// Calls them, one after the other. Neither sees a password; a failure of theirs is a warning in the log.
    public func tell(_ failure: Failure, log: Logger) {
        var failure = failure
        failure.error = VisibleText.prefix(Passwords.hidden(in: failure.error), bytes: Self.longestError)
        let environment = Passwords.removed(from: ProcessInfo.processInfo.environment)
        if !notice.command.isEmpty {
            attempt("command \(notice.command[0])", log) {
                try BoundedProcess.run(
                    notice.command, environment: environment.merging(variables(failure)) { $1 },
                    limit: commandLimit)
            }
        }
        if let webhook = notice.webhook {
            attempt("webhook", log) { try post(failure, to: webhook, environment: environment) }
        }
    }

    /// Bytes of the error that are told; all of it is in the ledger and the log.
    private static let longestError = 4_000

    private func attempt(_ what: String, _ log: Logger, _ body: () throws -> String) {
        do {
            let output = try body()
            log.info("on_failure: \(what) was called\(output.isEmpty ? "" : ": \(output)")")
        } catch {
            log.warning("on_failure: \(what) failed: \(error)")
        }
    }

    private func variables(_ failure: Failure) -> [String: String] {
        [
            "ROCKET_MODEL": failure.model, "ROCKET_COMMAND": failure.command,
            "ROCKET_EXIT_CODE": "\(failure.exit.rawValue)",
            // C strings end at a NUL.
            "ROCKET_ERROR": failure.error.replacing("\0", with: ""), "ROCKET_RUN": failure.run.map { "\($0)" } ?? "",
        ]
    }

    /// Posts with the program curl: Foundation's own HTTP would add 34 libraries and 50 MB to every start of this one.
    /// The URL may be a secret, so it goes through curl's standard input instead of its arguments.
    private func post(_ failure: Failure, to webhook: String, environment: [String: String]) throws -> String {
        let url = try address(webhook)
        let body = try body(failure)
        let settings = [
            ("url", url), ("data-binary", body), ("header", "Content-Type: application/json"),
            ("user-agent", "rocket/\(ProgramVersion.current)"), ("proto", "=http,https"), ("max-time", "10"),
        ]
        let quoted = settings.map { name, value in
            "\(name) = \"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"\n"
        }
        return try BoundedProcess.run(
            [
                "curl", "--disable", "--silent", "--show-error", "--fail", "--globoff", "--output", "/dev/null",
                "--config", "-",
            ],
            environment: environment, input: Array(quoted.joined().utf8), limit: .seconds(15))
    }

    /// The error's end is left out until all fits into curl's input: control characters take up to twelve bytes there.
    private func body(_ failure: Failure) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var error = failure.error
        while true {
            let bytes = try encoder.encode(
                Body(
                    model: failure.model, command: failure.command, exitCode: failure.exit.rawValue, error: error,
                    host: ProcessInfo.processInfo.hostName, run: failure.run))
            let escaped = bytes.count + bytes.count { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") }
            if escaped <= Self.longestBody || error.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            error = VisibleText.prefix(error, bytes: error.utf8.count / 2)
        }
    }

    /// The body's part of the 16 KiB that curl's input may have; the rest is for the URL and the other settings.
    private static let longestBody = 10_000

    private func address(_ webhook: String) throws -> String {
        guard webhook.hasPrefix("$") else { return webhook }
        let name = String(webhook.dropFirst())
        guard let url = ProcessInfo.processInfo.environment[name], FailureNotice.isWebhook(url) else {
            throw NoAddress(variable: name)
        }
        return url
    }

    private struct NoAddress: Error, CustomStringConvertible {
        let variable: String
        var description: String { "the environment variable \(variable) holds no http or https URL; set it" }
    }

    private struct Body: Encodable {
        let model: String
        let command: String
        let exitCode: Int32
        let error: String
        let host: String
        let run: Int?

        enum CodingKeys: String, CodingKey {
            case model, command, error, host, run
            case exitCode = "exit_code"
        }
    }
}

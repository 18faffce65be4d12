import ArgumentParser
import Files
import Foundation
import Logging
import Runs

/// How log lines look.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Form of the log on standard error: text, or json with one object per line. "
                + "Default: $ROCKET_LOG_FORMAT, else text.",
            valueName: "format"))
    var logFormat: LogFormat?

    func validate() throws {
        if logFormat == nil, let name = LogFormat.inEnvironment, LogFormat(rawValue: name) == nil {
            throw ValidationError("ROCKET_LOG_FORMAT is ‘\(name)’; expected text or json")
        }
    }

    var format: LogFormat { logFormat ?? LogFormat.inEnvironment.flatMap { LogFormat(rawValue: $0) } ?? .text }

    func logger(quiet: Bool) -> Logger {
        makeLogger(format, quiet: quiet)
    }
}

/// A logger whose lines go to standard error, so that standard output holds results only.
func makeLogger(_ format: LogFormat, quiet: Bool) -> Logger {
    // On a terminal a line of progress may stand where the log's next line goes.
    let beginning = format == .text && isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : ""
    let handler = LineLogHandler(format) { line in
        complain(beginning + line)
    }
    var log = Logger(label: "rocket", factory: { _ in handler })
    log.logLevel = quiet ? .warning : .info
    return log
}

/// Writes to standard error as it is. A log that cannot be written, to a reader that has gone say, must not end the
/// work.
func complain(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}

/// Says why a command ends: a sentence for people, or a line of the log for programs.
func report(_ message: String, exit: Int32, format: LogFormat, log: Logger) {
    switch format {
    case .text: complain("rocket: \(message)\n")
    case .json: log.error("\(message)", metadata: ["exit_code": .stringConvertible(exit)])
    }
}

/// Says what is wrong with the command line before its options are all read: a sentence for people, or a line of the
/// log for programs.
func warn(_ message: String) {
    switch LogFormat.asked(by: CommandLine.arguments) {
    case .text: complain("rocket: warning: \(VisibleText.escaped(message))\n")
    case .json: makeLogger(.json, quiet: true).warning("\(message)")
    }
}

extension LogFormat: ExpressibleByArgument {
    /// Nil where the variable is empty or absent.
    static var inEnvironment: String? {
        ProcessInfo.processInfo.environment["ROCKET_LOG_FORMAT"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The format that a command line asks for, even where the rest of it is wrong.
    static func asked(by arguments: [String]) -> LogFormat {
        let flag = "--log-format"
        for (argument, next) in zip(arguments, arguments.dropFirst() + [""]) {
            let name = argument == flag ? next : argument.hasPrefix(flag + "=") ? String(argument.dropFirst(13)) : ""
            if let format = LogFormat(rawValue: name) { return format }
        }
        return inEnvironment.flatMap { LogFormat(rawValue: $0) } ?? .text
    }
}

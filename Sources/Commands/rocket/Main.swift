import ArgumentParser
import Collectives
import Files
import Foundation
import Runs

/// Runs the command and turns any error into one message on standard error and a documented exit code.
///
/// Started by `mpirun`, rank 0 runs the command, and the other ranks do what it tells them.
@main
enum Main {
    static func main() {
        // The reader of the output may go away; the work continues, and writing says what is wrong.
        signal(SIGPIPE, SIG_IGN)
        StandardOutput.reserve()
        var code: Int32
        do {
            code = try LaunchedProcess.start(format) { run() }
        } catch {
            code = explain(error)
        }
        if let failure = StandardOutput.failure, code != ExitStatus.outputFailed.rawValue {
            let outputFailed = explain(failure)
            if code == 0 { code = outputFailed }
        }
        exit(code)
    }

    /// Runs the command of the command line.
    ///
    /// - Returns: its exit code; why it failed has been said.
    private static func run() -> Int32 {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The parser's own option would be one of every command, and end it as if all were done.
        if arguments.first == "--version" {
            printUnchanged(ProgramVersion.current)
            return 0
        }
        do {
            var command = try Rocket.parseAsRoot()
            try command.run()
            return 0
        } catch let error where isArgumentParser(error) {
            let code = Rocket.exitCode(for: error)
            let hint = code == .validationFailure ? VersionHint(arguments).map { ValidationError($0.text) } : nil
            let shown: any Error = hint ?? error
            if format == .json, !(shown is ExitCode), !code.isSuccess {
                return explain(Rocket.message(for: shown), code.rawValue)
            }
            return present(shown, code)
        } catch {
            return explain(error)
        }
    }

    private static let format = LogFormat.asked(by: CommandLine.arguments)

    private static func explain(_ error: any Error) -> Int32 {
        let code = error is OutputError ? ExitStatus.outputFailed : JobError.exitStatus(for: error)
        return explain(shownText(of: error), code.rawValue)
    }

    private static func explain(_ message: String, _ code: Int32) -> Int32 {
        report(message, exit: code, format: format, log: makeLogger(format, quiet: false))
        return code
    }

    /// As `Rocket.exit(withError:)` does: help to standard output, complaints to standard error.
    private static func present(_ error: any Error, _ code: ExitCode) -> Int32 {
        let text = HelpText.wrapped(Rocket.fullMessage(for: error))
        if !text.isEmpty {
            if code.isSuccess {
                printUnchanged(text)
            } else {
                complain(VisibleText.escaped(text, lineBreaks: .kept) + "\n")
            }
        }
        return code.rawValue
    }

    /// Whether the parser presents the error: help requests, wrong command lines and chosen exit codes.
    private static func isArgumentParser(_ error: any Error) -> Bool {
        if error is ExitCode || error is CleanExit || error is ValidationError { return true }
        return String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }
}

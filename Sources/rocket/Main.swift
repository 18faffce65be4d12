import ArgumentParser
import Foundation
import Jobs

/// Runs the command and turns any error into one message on standard error and a documented exit code.
@main
enum Main {
    static func main() {
        do {
            var command = try Rocket.parseAsRoot()
            try command.run()
        } catch let error where isArgumentParser(error) {
            let code = Rocket.exitCode(for: error)
            if format == .json, !(error is ExitCode), !code.isSuccess {
                leave(Rocket.message(for: error), code.rawValue)
            }
            Rocket.exit(withError: error)
        } catch {
            leave("\(error)", JobError.exitStatus(for: error).rawValue)
        }
    }

    private static let format = LogFormat.asked(by: CommandLine.arguments)

    private static func leave(_ message: String, _ code: Int32) -> Never {
        report(message, exit: code, format: format, log: makeLogger(format, quiet: false))
        exit(code)
    }

    /// Help requests, wrong command lines and chosen exit codes are the parser's to present.
    private static func isArgumentParser(_ error: any Error) -> Bool {
        if error is ExitCode || error is CleanExit || error is ValidationError { return true }
        return String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }
}

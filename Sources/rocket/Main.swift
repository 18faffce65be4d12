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
            Rocket.exit(withError: error)
        } catch {
            FileHandle.standardError.write(Data("rocket: \(error)\n".utf8))
            exit(JobError.exitStatus(for: error).rawValue)
        }
    }

    /// Help requests, wrong command lines and chosen exit codes are the parser's to present.
    private static func isArgumentParser(_ error: any Error) -> Bool {
        if error is ExitCode || error is CleanExit || error is ValidationError { return true }
        return String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }
}

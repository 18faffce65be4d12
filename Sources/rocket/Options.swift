import ArgumentParser
import Foundation
import Jobs
import Logging

/// Which database.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "PostgreSQL connection string or URI. Default: $DATABASE_URL, else libpq's own settings (PGHOST, PGUSER, …).",
            valueName: "url"))
    var database: String?
}

/// Which job file, and how to talk while working.
struct JobOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The job file. Default: $ROCKET_JOB.", valueName: "file"))
    var job: String?

    @OptionGroup var database: DatabaseOptions

    @Flag(name: .shortAndLong, help: "Only warnings and results, no progress.")
    var quiet = false

    /// Opens the job for work.
    func session() throws -> JobSession {
        let interruption = interruptionBySignals()
        let log = makeLogger(quiet: quiet)
        let display = ProgressDisplay(log: log, quiet: quiet)
        return try JobSession(
            jobFile: try path(), database: database.database, log: log, interruption: interruption
        ) { display.show($0) }
    }

    func path() throws -> String {
        if let path = job ?? ProcessInfo.processInfo.environment["ROCKET_JOB"] { return path }
        let here = (try? FileManager.default.contentsOfDirectory(atPath: "jobs")) ?? []
        let files = here.filter { $0.hasSuffix(".yaml") }.sorted().map { "jobs/\($0)" }
        throw ValidationError(
            "which job? Name its file with --job FILE or in ROCKET_JOB."
                + (files.isEmpty ? "" : " This folder has \(files.joined(separator: ", "))."))
    }
}

/// A logger whose lines go to standard error, so that standard output holds results only.
func makeLogger(quiet: Bool) -> Logger {
    var log = Logger(label: "rocket", factory: { StreamLogHandler.standardError(label: $0) })
    log.logLevel = quiet ? .warning : .info
    return log
}

extension Day: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

/// The UTC day that it is now.
func today() -> Day {
    Day(utc: Date().timeIntervalSince1970)
}

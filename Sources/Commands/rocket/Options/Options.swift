import ArgumentParser
import Days
import Foundation
import JobFile
import Logging
import Runs

/// Which database.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "PostgreSQL connection string or URI. Default: $DATABASE_URL, else libpq's own settings (PGHOST, PGUSER, …).",
            valueName: "url"))
    var database: String?

    func validate() { warnOfPassword(in: database, option: "--database", variable: "DATABASE_URL") }
}

/// Which database has the logs.
struct SourceDatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the logs are, for example a replica. Default: $SOURCE_DATABASE_URL, else the same database.",
            valueName: "url"))
    var sourceDatabase: String?

    func validate() {
        warnOfPassword(in: sourceDatabase, option: "--source-database", variable: "SOURCE_DATABASE_URL")
    }
}

/// Command lines are no secret on the machine.
private func warnOfPassword(in url: String?, option: String, variable: String) {
    guard let url, holdsPassword(connectionString: url) else { return }
    warn(
        "everybody on this machine can read the password after \(option) in the list of processes; put it into a file "
            + "that PGPASSFILE names, or the whole URL into \(variable)")
}

/// Which job file, and how to talk while working.
struct JobOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The job file. Default: $ROCKET_JOB.", valueName: "file"))
    var job: String?

    @OptionGroup var database: DatabaseOptions

    @OptionGroup var source: SourceDatabaseOptions

    @Flag(name: .shortAndLong, help: "Print only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    /// Opens the job for work that somebody waits for.
    func open() throws -> OpenJob {
        let log = logging.logger(quiet: quiet)
        let interruption = interruptionBySignals(log: log)
        return try open(JobContext(JobFile(path: path()), log: log, interruption: interruption))
    }

    /// - Parameters:
    ///   - patience: `asJobFile` for what runs unattended at night.
    ///   - command: in whose name the ledger keeps a source that does not fit; nil: it is only thrown.
    func open(
        _ context: JobContext, _ patience: OpenJob.Patience = .none, command: String? = nil
    ) throws -> OpenJob {
        let display = ProgressDisplay(log: context.log, quiet: quiet, format: logging.format)
        return try OpenJob(
            context, .named(database.database, source: source.sourceDatabase), patience: patience, command: command
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

extension Day: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

/// The UTC day that it is now.
func today() -> Day {
    Day(utc: Date().timeIntervalSince1970)
}

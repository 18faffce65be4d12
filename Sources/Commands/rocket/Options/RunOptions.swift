import Alerts
import ArgumentParser
import Foundation
import JobFile
import Logging
import Runs

/// A job's run that is told of when it ends.
struct RunOptions: ParsableArguments {
    @OptionGroup var job: JobOptions

    @Option(
        help: ArgumentHelp(
            "File for the run's metrics when it ends, for node_exporter's textfile collector. "
                + "Default: $ROCKET_METRICS_FILE, else none.",
            valueName: "file"))
    var metricsFile: String?

    var database: DatabaseOptions { job.database }

    /// Does a command's work, and tells of its end: in the log, the metrics file, and by the job file's `on_failure`.
    ///
    /// - Parameter patience: `asJobFile` for what runs unattended at night.
    func run(
        _ command: String, _ patience: OpenJob.Patience = .none, _ body: (OpenJob) throws -> Void
    ) throws {
        let path = try job.path()
        var log = job.logging.logger(quiet: job.quiet)
        let jobFile = Result { try JobFile(path: path) }
        let watch = RunWatch(
            command: command, jobFile: try? jobFile.get(), database: database.database, metricsFile: metricsPath)
        log[metadataKey: "command"] = "\(command)"
        if let model = watch.model { log[metadataKey: "model"] = "\(model)" }
        do {
            let interruption = interruptionBySignals(log: log)
            let context = try JobContext(jobFile.get(), log: log, interruption: interruption)
            try body(try job.open(context, patience, command: command))
            watch.ended(.done, log: log)
        } catch let code as ExitCode {
            watch.ended(ExitStatus(rawValue: code.rawValue) ?? .internalError, log: log)
            throw code
        } catch {
            let exit = JobError.exitStatus(for: error)
            report("\(error)", exit: exit.rawValue, format: job.logging.format, log: log)
            watch.ended(exit, error: "\(error)", log: log)
            throw ExitCode(exit.rawValue)
        }
    }

    private var metricsPath: String? {
        let path = metricsFile ?? ProcessInfo.processInfo.environment["ROCKET_METRICS_FILE"] ?? ""
        return path.isEmpty ? nil : path
    }
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

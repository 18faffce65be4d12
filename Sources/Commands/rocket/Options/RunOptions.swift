import Alerts
import ArgumentParser
import Foundation
import JobFile
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
        var log = job.logging.logger(quiet: job.quiet)
        let path = try job.path()
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

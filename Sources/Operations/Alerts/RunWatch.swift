import Foundation
import JobFile
import Logging
import Postgres
import Runs

/// One command from its start to its end, of which it tells: Prometheus by a file, people by the job file's
/// `on_failure`.
public struct RunWatch {
    public let command: String
    private let jobFile: JobFile?
    private let settings: ConnectionSettings
    private let metricsFile: MetricsFile?
    private let started = ContinuousClock.now

    /// Starts the clock.
    ///
    /// - Parameters:
    ///   - jobFile: nil: it cannot be read, so there is no model to tell of and nobody to tell.
    ///   - metricsFile: nil: none is written.
    public init(command: String, jobFile: JobFile?, database: String?, metricsFile: String?) {
        self.command = command
        self.jobFile = jobFile
        settings = ConnectionSettings.fromEnvironment(url: database)
        self.metricsFile = metricsFile.map { MetricsFile($0) }
    }

    /// Nil: the job file cannot be read.
    public var model: String? { jobFile?.model }

    /// Tells of the end. What goes wrong with that is a warning in the log.
    ///
    /// - Parameter error: why it ended so, in words; nil: the exit status says it all.
    public func ended(_ exit: ExitStatus, error: String? = nil, log: Logger) {
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let hook = jobFile?.onFailure.map { FailureHook($0) }.flatMap { $0.isDue(exit) ? $0 : nil }
        guard metricsFile != nil || hook != nil else { return }
        let ledger = ledgerFigures(seconds: seconds, log: log)
        if let metricsFile {
            let metrics = RunMetrics(
                model: model ?? "", command: command, exit: exit, endedAt: Date.now.timeIntervalSince1970,
                seconds: seconds, peakMemory: ProcessMemory.peakBytes, ledger: ledger)
            do { try metricsFile.update(metrics.samples(after:)) } catch { log.warning("\(error)") }
        }
        hook?.tell(
            FailureHook.Failure(
                model: model ?? "", command: command, exit: exit, error: error ?? exit.sentence, run: ledger?.run),
            log: log)
    }

    /// Nil, with a warning, where the database does not answer.
    private func ledgerFigures(seconds: Double, log: Logger) -> LedgerFigures? {
        guard let jobFile else { return nil }
        do {
            let connection = try Connection(settings, applicationName: "rocket \(jobFile.model) metrics")
            try connection.script("SET statement_timeout = '20s'")
            return try LedgerFigures(
                model: jobFile.model, timeZone: jobFile.source.timeZone, command: command, seconds: seconds,
                on: connection)
        } catch {
            log.warning("the end of this run is told without what the database knows of it: \(error)")
            return nil
        }
    }
}

extension ExitStatus {
    /// What a status means where no error says more.
    var sentence: String {
        switch self {
        case .done: "done"
        case .nothingToDo: "nothing to do"
        case .held: "the promotion gate holds the new version back; what was live stays live"
        default: "ended with exit code \(rawValue)"
        }
    }
}

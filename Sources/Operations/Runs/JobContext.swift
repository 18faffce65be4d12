import AdLogs
import Digests
import Extract
import JobFile
import Logging

/// What a job works by: its job file, what is extracted for it, where it logs to, and how it is asked to stop.
public struct JobContext: Sendable {
    public var jobFile: JobFile
    package let specification: ExtractionSpecification
    public let log: Logger
    package let interruption: Interruption

    /// - Parameter interruption: how the work is asked to stop.
    public init(_ jobFile: JobFile, log: Logger, interruption: Interruption = Interruption()) throws {
        self.jobFile = jobFile
        specification = try jobFile.extractionSpecification()
        self.log = log
        self.interruption = interruption
    }

    /// Days of the job's log.
    package var logDays: LogDays { LogDays(jobFile.source) }
    /// Waits for as long as the job file's `database.retry` says.
    package var retrying: Retrying {
        Retrying(allowed: jobFile.database.retry, log: log, interruption: interruption)
    }
}

extension JobFile {
    /// What decides the bytes of a day's cache files.
    package func extractionSpecification() throws -> ExtractionSpecification {
        ExtractionSpecification(
            source: source, features: features, group: evaluation.group,
            trueProbability: evaluation.trueProbability, shards: extraction.shards,
            hash: try SHA256Digest.of(extractionText()).hex)
    }
}

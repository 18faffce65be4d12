import AdLogs
import Extract
import Foundation
import JobFile
import Postgres

/// `rocket doctor`: looks at all that a job needs, and says how to fix what is not as it should be. Writes nothing but
/// a file beside the cache, which it removes again.
public struct Doctor {
    private let request: Request

    public struct Request: Sendable {
        /// Nil: only what every job needs.
        public var jobFile: String?
        public var database, sourceDatabase: String?
        /// Folder of the migrations; nil: those of the program.
        public var migrations: String?
        public var depth: Depth

        public init(
            jobFile: String?, database: String?, sourceDatabase: String?, migrations: String? = nil,
            depth: Depth = .quick
        ) {
            self.jobFile = jobFile
            self.database = database
            self.sourceDatabase = sourceDatabase
            self.migrations = migrations
            self.depth = depth
        }
    }

    /// How much is read.
    public enum Depth: Sendable {
        /// Headers and sizes of cache files.
        case quick
        /// Every byte of them, and the logs of every cached day.
        case deep
    }

    public init(_ request: Request) {
        self.request = request
    }

    /// All findings, topic by topic. What cannot be looked at is a finding, too.
    public func findings() -> [Finding] {
        let (job, jobFindings) = jobFile()
        var findings = Self.machine(job) + jobFindings
        let results = open(.fromEnvironment(url: request.database), "results", &findings)
        let source =
            isOneDatabase
            ? results : open(.source(url: request.sourceDatabase, results: request.database), "logs", &findings)
        if let results {
            findings += look(.database, "results") { try Self.server(results, "results", access: .readWrite) }
            findings += look(.database, "results") { try Self.texts(results, "results", access: .readWrite) }
            findings += look(.clock, "results") { try [Self.clock(results, "results")] }
        }
        if isOneDatabase, results != nil {
            findings.append(.ok(.database, "logs", "read from the same database"))
        } else if let source {
            findings += look(.database, "logs") { try Self.server(source, "logs", access: .readOnly) }
            findings += look(.database, "logs") { try Self.texts(source, "logs", access: .readOnly) }
            findings += look(.clock, "logs") { try [Self.clock(source, "logs")] }
        }
        if let source, let job { findings += logs(job, on: source) }
        if let results { findings += stored(job, on: results, logs: source) }
        return findings
    }

    /// The logs that a job reads.
    private func logs(_ job: JobFile, on source: Connection) -> [Finding] {
        let rights = look(.rights, "logs") { try Self.logRights(job, on: source) }
        // A table that may not be read would be called missing.
        if rights.contains(where: { $0.state == .problem }) { return rights }
        let columns = look(.job, "columns") { try Self.columns(job, on: source) }
        // Without the columns nothing else can be looked at.
        if columns.contains(where: { $0.state != .ok }) { return rights + columns }
        // What rows say, an empty log does not.
        if (try? LogDays(job.source).isEmpty(on: source)) == true {
            return rights + columns + look(.logs, "indexes") { try Self.indexes(job.source, on: source) }
                + look(.logs, "impressions") { try Self.freshness(job, on: source) }
        }
        let indexes = look(.logs, "indexes") { try Self.indexes(job.source, on: source) }
        return rights + columns + look(.job, "events") { try Self.events(job, on: source) } + indexes
            + look(.logs, "plans") { try Self.plans(job, known: indexes, on: source) }
            + look(.logs, "impressions") { try Self.freshness(job, on: source) }
            + look(.logs, "times") { try Self.times(job, on: source) }
            + look(.logs, "ids") { try Self.ids(job, on: source) }
            + look(.logs, "histories") { try Self.histories(job, on: source) }
    }

    /// What the job keeps.
    private func stored(_ job: JobFile?, on results: Connection, logs: Connection?) -> [Finding] {
        let migrations = look(.migrations, request.migrations ?? "schema rocket") {
            try Self.migrations(in: request.migrations, on: results)
        }
        var findings = migrations
        let isMigrated = !migrations.contains { $0.state == .problem }
        if isMigrated {
            findings += look(.rights, "results") { try Self.resultRights(on: results) }
            findings += look(.rights, "others") { try Self.writers(on: results) }
            findings += look(.rights, "seals") { try Self.seals(on: results) }
        }
        if let job {
            findings += look(.disk, "cache.directory") { try Self.disk(job, isMigrated ? results : nil, logs) }
        }
        guard isMigrated else { return findings }
        findings += look(.cache, "files") { try Self.cache(job, request.depth, on: results) }
        if let job, let logs, request.depth == .deep {
            findings += look(.cache, "stale days") { try Self.stale(job, on: results, logs: logs) }
        }
        if let job { findings += look(.models, "ids") { try Self.sharedIDs(job, on: results) } }
        findings += look(.runs, "runs") { try Self.runs(model: job?.model, on: results) }
        findings += look(.models, "live") { try Self.liveModels(model: job?.model, on: results) }
        return findings
    }

    /// Whether nobody named another database for the logs.
    private var isOneDatabase: Bool {
        request.sourceDatabase == nil
            && (ProcessInfo.processInfo.environment["SOURCE_DATABASE_URL"] ?? "").isEmpty
    }

    private func jobFile() -> (JobFile?, [Finding]) {
        guard let path = request.jobFile else {
            return (nil, [.ok(.job, "file", "none is named: --job FILE looks at its tables, cache and model too")])
        }
        do {
            let job = try JobFile(path: path)
            return (job, [.ok(.job, path, "valid: model ‘\(job.model)’, \(job.features.features.count) features")])
        } catch {
            return (nil, [.problem(.job, path, "\(error)")])
        }
    }

    private func open(
        _ settings: ConnectionSettings, _ subject: String, _ findings: inout [Finding]
    ) -> Connection? {
        do {
            return try Connection(settings, applicationName: "rocket doctor")
        } catch {
            findings.append(.problem(.database, subject, "\(error)"))
            return nil
        }
    }

    /// What is found, or why it could not be looked at; a right that is lacking is no fault of what was looked at.
    private func look(_ topic: Finding.Topic, _ subject: String, _ body: () throws -> [Finding]) -> [Finding] {
        do {
            return try body()
        } catch AdLogError.noRight(let relation, let role, let grants) {
            return [
                .problem(.rights, relation, "\(role) may not read it", fix: grants.joined(separator: " "))
            ]
        } catch let error as PostgresError where error.sqlState == "42501" {
            return [.problem(.rights, subject, "\(error)")]
        } catch {
            return [.problem(topic, subject, "\(error)")]
        }
    }
}

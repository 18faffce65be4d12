import Foundation
import Postgres
import Runs

/// What one run tells Prometheus.
public struct RunMetrics: Equatable, Sendable {
    /// Empty where the job file could not be read.
    public var model: String
    public var command: String
    public var exit: ExitStatus
    public var endedAt: Double
    public var seconds: Double
    public var peakMemory: Int
    /// Nil: the database could not be asked.
    public var ledger: LedgerFigures?

    public init(
        model: String, command: String, exit: ExitStatus, endedAt: Double, seconds: Double, peakMemory: Int,
        ledger: LedgerFigures?
    ) {
        self.model = model
        self.command = command
        self.exit = exit
        self.endedAt = endedAt
        self.seconds = seconds
        self.peakMemory = peakMemory
        self.ledger = ledger
    }

    /// The file's samples after this run. Other models and commands keep theirs. Without the database, what is known of
    /// the model stays as it was.
    public func samples(after old: [MetricSample]) -> [MetricSample] {
        let kept = old.filter { sample in
            guard sample[label: "model"] == model else { return !sample[label: "model"].isEmpty }
            return sample[label: "command"].isEmpty ? ledger == nil : sample[label: "command"] != command
        }
        let before = old.first {
            $0.metric == .lastSuccess && $0[label: "model"] == model && $0[label: "command"] == command
        }
        let success = isSuccess ? endedAt : ledger.map(\.lastSuccess) ?? before?.value
        let run = [MetricLabel("model", model), MetricLabel("command", command)]
        let figures: [(Metric, Double?)] = [
            (.exitCode, Double(exit.rawValue)), (.ended, endedAt), (.duration, seconds), (.lastSuccess, success),
            (.rowsExtracted, ledger.map { Double($0.rowsExtracted) }), (.peakMemory, Double(peakMemory)),
        ]
        let stages = (ledger?.stages ?? []).map {
            MetricSample(.stageSeconds, run + [MetricLabel("stage", $0.name)], $0.seconds)
        }
        let ofModel = (ledger?.model ?? []).map { MetricSample($0.metric, [MetricLabel("model", model)], $0.value) }
        return kept + figures.compactMap { metric, value in value.map { MetricSample(metric, run, $0) } } + stages
            + ofModel
    }

    private var isSuccess: Bool { [.done, .nothingToDo, .held].contains(exit) }
}

/// What the database knows of a run and its model.
public struct LedgerFigures: Equatable, Sendable {
    public struct Stage: Equatable, Sendable {
        public var name: String
        public var seconds: Double

        public init(name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    public struct Figure: Equatable, Sendable {
        public var metric: Metric
        public var value: Double

        public init(_ metric: Metric, _ value: Double) {
            self.metric = metric
            self.value = value
        }
    }

    /// The last of the command's runs; nil: the command opened none.
    public var run: Int?
    /// Seconds since 1970, of earlier runs; nil: there was none.
    public var lastSuccess: Double?
    public var rowsExtracted: Int
    public var stages: [Stage]
    /// Those of the model's metrics that have a value.
    public var model: [Figure]

    public init(run: Int?, lastSuccess: Double?, rowsExtracted: Int, stages: [Stage], model: [Figure]) {
        self.run = run
        self.lastSuccess = lastSuccess
        self.rowsExtracted = rowsExtracted
        self.stages = stages
        self.model = model
    }
}

extension LedgerFigures {
    /// The runs that this process has made of a command, newest first. By the server's clock: those that began at most
    /// so many seconds ago, because in a container every process may have the same number.
    private static let ownRuns = """
        SELECT run_id FROM rocket.runs
        WHERE model = $1 AND command = $2 AND host = $3 AND pid = $4
          AND started_at >= clock_timestamp() - make_interval(secs => $5)
        """

    /// Reads them.
    ///
    /// - Parameter seconds: how long ago the command was started.
    init(model: String, timeZone: String, command: String, seconds: Double, on connection: Connection) throws {
        let own: [Value] = [
            .text(model), .text(command), .text(ProcessInfo.processInfo.hostName),
            .int(Int(ProcessInfo.processInfo.processIdentifier)), .double(seconds + 1),
        ]
        let run = try connection.execute(
            """
            WITH own AS (\(Self.ownRuns))
            SELECT (SELECT max(run_id) FROM own) AS run,
                (SELECT extract(epoch FROM max(ended_at))::float8 FROM rocket.runs
                 WHERE model = $1 AND command = $2 AND status IN ('done', 'nothing_to_do')
                   AND run_id NOT IN (SELECT run_id FROM own)) AS last_success,
                (SELECT coalesce(sum(rows), 0)::bigint FROM rocket.run_stages
                 WHERE name = 'extract' AND run_id IN (SELECT run_id FROM own)) AS rows
            """, own
        ).first
        let stages = try connection.execute(
            """
            SELECT name, sum(seconds)::float8 AS seconds FROM rocket.run_stages
            WHERE run_id IN (\(Self.ownRuns)) AND seconds IS NOT NULL GROUP BY name ORDER BY min(stage), name
            """, own)
        self.init(
            run: try run?.intOrNil("run"), lastSuccess: try run?.doubleOrNil("last_success"),
            rowsExtracted: try run?.int("rows") ?? 0,
            stages: try stages.map { Stage(name: try $0.text("name"), seconds: try $0.double("seconds")) },
            model: try Self.figures(of: model, timeZone: timeZone, on: connection))
    }

    private static func figures(of model: String, timeZone: String, on connection: Connection) throws -> [Figure] {
        let newest = try connection.execute(
            """
            SELECT version, light_auc, booster_auc, light_pcoc, light_p99_us FROM rocket.latest_models WHERE model = $1
            """, [.text(model)]
        ).first
        let live = try connection.execute(
            """
            SELECT version, extract(epoch FROM (trained_to + 1)::timestamp AT TIME ZONE $2)::float8 AS trained_to
            FROM rocket.model_versions WHERE model = $1 AND state = 'live'
            """, [.text(model), .text(timeZone)]
        ).first
        let columns: [(Metric, Row?, String)] = [
            (.newestVersion, newest, "version"), (.lightAUC, newest, "light_auc"),
            (.boosterAUC, newest, "booster_auc"), (.lightPCOC, newest, "light_pcoc"),
            (.lightP99, newest, "light_p99_us"), (.liveVersion, live, "version"),
            (.liveTrainedTo, live, "trained_to"),
        ]
        return try columns.compactMap { metric, row, column in
            try row?.doubleOrNil(column).map { Figure(metric, $0) }
        }
    }
}

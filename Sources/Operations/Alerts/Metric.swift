/// What is told to Prometheus; every one is a gauge.
public enum Metric: String, CaseIterable, Sendable {
    case exitCode = "rocket_run_exit_code"
    case ended = "rocket_run_end_timestamp_seconds"
    case duration = "rocket_run_duration_seconds"
    case lastSuccess = "rocket_last_success_timestamp_seconds"
    case stageSeconds = "rocket_stage_seconds"
    case rowsExtracted = "rocket_rows_extracted"
    case peakMemory = "rocket_peak_memory_bytes"
    case newestVersion = "rocket_newest_version"
    case lightAUC = "rocket_light_auc"
    case boosterAUC = "rocket_booster_auc"
    case lightPCOC = "rocket_light_pcoc"
    case lightP99 = "rocket_light_p99_microseconds"
    case liveVersion = "rocket_live_version"
    case liveTrainedTo = "rocket_live_trained_to_timestamp_seconds"

    /// One line, as after `# HELP`.
    public var help: String {
        switch self {
        case .exitCode:
            "Exit code of the last run: 0 done, 3 nothing to do, 8 held by the gate; the page ExitCodes has all."
        case .ended: "When the last run ended."
        case .duration: "How long the last run took."
        case .lastSuccess: "When a run last ended with exit code 0, 3 or 8."
        case .stageSeconds: "Wall-clock seconds of each stage of the last run."
        case .rowsExtracted: "Impressions that the last run turned into cache files."
        case .peakMemory: "Largest resident memory of the last run."
        case .newestVersion: "Number of the version that is trained up to the latest day."
        case .lightAUC: "AUC of the newest version's light net on its unseen day."
        case .boosterAUC: "AUC of the newest version's booster on its unseen day."
        case .lightPCOC: "Predicted over observed clicks of the newest version's light net on its unseen day."
        case .lightP99: "99th percentile of a call of the newest version's light net at the largest batch size."
        case .liveVersion: "Number of the live version; absent where none is live."
        case .liveTrainedTo: "End of the last day that the live version was trained on."
        }
    }
}

/// One number of a metric.
public struct MetricSample: Equatable, Sendable {
    public var metric: Metric
    public var labels: [MetricLabel]
    public var value: Double

    public init(_ metric: Metric, _ labels: [MetricLabel], _ value: Double) {
        self.metric = metric
        self.labels = labels
        self.value = value
    }

    /// The value of a label; empty, as in Prometheus, where it is absent.
    subscript(label name: String) -> String { labels.first { $0.name == name }?.value ?? "" }
}

public struct MetricLabel: Equatable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

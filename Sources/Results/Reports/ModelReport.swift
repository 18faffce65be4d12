import Days
import Postgres

/// One version on one unseen day, as people and scripts read it: light and booster, how much of the gap rocket closed,
/// latency. Its JSON keys are documented and do not change their meaning.
public struct ModelReport: Codable, Equatable, Sendable {
    public var model: String
    public var version: Int
    /// The state: candidate, live, retired or rejected.
    public var state: String
    /// Whether a backfill made it after its night.
    public var backfilled: Bool
    public var trainedFrom: Day
    public var trainedTo: Day
    /// The unseen day; nil, like all measurements, for a version that was only trained.
    public var evaluatedDay: Day?
    public var impressions: Int?
    public var clicks: Int?
    public var light: NetReport
    public var booster: NetReport
    /// The light net of the version that was live when the gate judged this one, on the same impressions; nil if there
    /// was none, or if it could not score the day.
    public var live: NetReport?
    public var liveVersion: Int?
    /// Logistic regression on the same features and impressions; nil if the job file does not ask for it.
    public var logisticRegression: NetReport?
    /// AUC of the nets trained alone on the same cache, if the job file asks for these baselines.
    public var lightAloneAUC: Double?
    public var boosterAloneAUC: Double?
    /// (light in rocket − light alone) / (booster alone − light alone); nil if the gap is within its own error.
    public var gapClosed: Double?
    /// The bounds of `gapClosed` over users, each at the gate's confidence.
    public var gapClosedLow, gapClosedHigh: Double?
    /// The reason why `gapClosed` is nil; nil also without the baselines.
    public var gapClosedNote: String?
    /// Paired differences with their errors over users; empty for versions judged by earlier programs.
    public var comparisons: [ComparisonLine]
    /// AUC of the true click probabilities of generated logs: the best reachable.
    public var oracleAUC: Double?
    /// Median booster latency over median light latency at the largest batch size.
    public var timesFaster: Double?
    public var latency: [LatencyLine]
    public var artifact: ArtifactLine?
    /// Passes over the training rows; nil for versions of earlier programs.
    public var epochs: Double?
    /// Passes for a booster that was trained before the light net.
    public var boosterEpochs: Double?
    /// The origin of the number of epochs: written, searched, reused, cut_short, too_few.
    public var epochsOrigin: String?
    /// The light net that is served, whose figures are `light`.
    public var servedNet: String = "light"
    /// What the light nets are worth, and what each costs; nil if there is one.
    public var curve: QualityCurve?

    /// One net's figures.
    public struct NetReport: Codable, Equatable, Sendable {
        public var auc: Double?
        public var aucStandardError: Double?
        public var gauc: Double?
        /// The standard error over groups; nil also for versions judged by earlier programs.
        public var gaucStandardError: Double?
        public var logLoss: Double?
        public var normalizedEntropy: Double?
        /// The standard error over groups, or over impressions if there are no groups; nil likewise.
        public var normalizedEntropyStandardError: Double?
        public var pcoc: Double?
        /// The share of the way from 0.5 to `oracle_auc`.
        public var oracleShare: Double?
        /// Microseconds per call at the largest batch size; nil for the live version, which was measured another night.
        public var p50: Double?
        public var p99: Double?
        /// Number of dense parameters, without the shared embeddings; for logistic regression, its weights.
        public var parameters: Int

        enum CodingKeys: String, CodingKey {
            case auc, gauc, pcoc, parameters
            case aucStandardError = "auc_standard_error"
            case gaucStandardError = "gauc_standard_error"
            case logLoss = "log_loss"
            case normalizedEntropy = "normalized_entropy"
            case normalizedEntropyStandardError = "normalized_entropy_standard_error"
            case oracleShare = "oracle_share"
            case p50 = "p50_us"
            case p99 = "p99_us"
        }
    }

    /// A difference between two nets on the same impressions.
    public struct ComparisonLine: Codable, Equatable, Sendable {
        /// The name as in `rocket.model_comparisons`: `light_minus_light_alone`, …
        public var name: String
        /// The metric, `auc` or `log_loss`.
        public var metric: String
        public var estimate: Double
        public var standardError: Double
        /// The bounds, each at `confidence`.
        public var lower, upper: Double
        public var confidence: Double

        enum CodingKeys: String, CodingKey {
            case name, metric, estimate, lower, upper, confidence
            case standardError = "standard_error"
        }
    }

    /// Returns the difference in a metric, `auc` or `log_loss`.
    public func comparison(_ name: String, _ metric: String) -> ComparisonLine? {
        comparisons.first { $0.name == name && $0.metric == metric }
    }

    /// The latency of one net at one batch size.
    public struct LatencyLine: Codable, Equatable, Sendable {
        public var net: String
        public var batchSize: Int
        /// The mode, `back_to_back` or `paced`.
        public var mode: String
        public var callsPerSecond: Double?
        public var operationsPerExample: Int?
        public var bytesPerExample: Double?
        public var calls: Int
        public var p50: Double
        public var p90: Double
        public var p99: Double
        public var p999: Double
        public var scoresPerSecond: Double
        public var cpuModel: String

        enum CodingKeys: String, CodingKey {
            case net, calls, mode
            case callsPerSecond = "calls_per_second"
            case operationsPerExample = "operations_per_example"
            case bytesPerExample = "bytes_per_example"
            case batchSize = "batch_size"
            case p50 = "p50_us"
            case p90 = "p90_us"
            case p99 = "p99_us"
            case p999 = "p999_us"
            case scoresPerSecond = "scores_per_second"
            case cpuModel = "cpu_model"
        }
    }

    /// The place of an artifact.
    public struct ArtifactLine: Codable, Equatable, Sendable {
        public var name: String
        public var bytes: Int
        public var sha256: String
    }

    enum CodingKeys: String, CodingKey {
        case model, version, state, backfilled, impressions, clicks, light, booster, live, latency, artifact,
            comparisons
        case liveVersion = "live_version"
        case logisticRegression = "logistic_regression"
        case trainedFrom = "trained_from"
        case trainedTo = "trained_to"
        case evaluatedDay = "evaluated_day"
        case lightAloneAUC = "light_alone_auc"
        case boosterAloneAUC = "booster_alone_auc"
        case gapClosed = "gap_closed"
        case gapClosedLow = "gap_closed_low"
        case gapClosedHigh = "gap_closed_high"
        case gapClosedNote = "gap_closed_note"
        case oracleAUC = "oracle_auc"
        case timesFaster = "times_faster"
        case epochs
        case boosterEpochs = "booster_epochs"
        case epochsOrigin = "epochs_origin"
        case servedNet = "served_net"
        case curve
    }
}

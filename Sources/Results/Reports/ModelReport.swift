import Days
import Postgres

/// One version on one unseen day, as people and scripts read it: light beside booster, how much of the gap rocket
/// closed, latency. Its JSON keys are documented on the page Output and do not change their meaning.
public struct ModelReport: Codable, Equatable, Sendable {
    public var model: String
    public var version: Int
    /// candidate, live, retired or rejected.
    public var state: String
    /// Made by a backfill, after its night.
    public var backfilled: Bool
    public var trainedFrom: Day
    public var trainedTo: Day
    /// Nil, like all that was measured, for a version that was only trained.
    public var evaluatedDay: Day?
    public var impressions: Int?
    public var clicks: Int?
    public var light: NetReport
    public var booster: NetReport
    /// The light net of the version that was live when the gate judged this one, on the same impressions; nil: there
    /// was none, or it could not score the day.
    public var live: NetReport?
    public var liveVersion: Int?
    /// Logistic regression on the same features and impressions; nil: the job file does not ask for it.
    public var logisticRegression: NetReport?
    /// AUC of the nets trained alone on the same cache, where the job file asks for these baselines.
    public var lightAloneAUC: Double?
    public var boosterAloneAUC: Double?
    /// (light in rocket − light alone) / (booster alone − light alone); nil where the gap is inside its own error.
    public var gapClosed: Double?
    /// Its bounds over users, each at the gate's confidence.
    public var gapClosedLow, gapClosedHigh: Double?
    /// Why `gapClosed` is nil; nil also without the baselines.
    public var gapClosedNote: String?
    /// Paired differences with their errors over users; empty of versions that were judged by earlier programs.
    public var comparisons: [ComparisonLine]
    /// AUC of the true click probabilities of generated logs: the best reachable.
    public var oracleAUC: Double?
    /// Median booster latency over median light latency at the largest batch size.
    public var timesFaster: Double?
    public var latency: [LatencyLine]
    public var artifact: ArtifactLine?
    /// Passes over the training rows; nil of versions of earlier programs.
    public var epochs: Double?
    /// The same of a booster that was trained before the light net.
    public var boosterEpochs: Double?
    /// Where the number is from: written, searched, reused, cut_short, too_few.
    public var epochsOrigin: String?

    /// One net's figures.
    public struct NetReport: Codable, Equatable, Sendable {
        public var auc: Double?
        public var aucStandardError: Double?
        public var gauc: Double?
        /// Over groups; nil also of versions that were judged by earlier programs.
        public var gaucStandardError: Double?
        public var logLoss: Double?
        public var normalizedEntropy: Double?
        /// Likewise, and over impressions where there are no groups.
        public var normalizedEntropyStandardError: Double?
        public var pcoc: Double?
        /// Share of the way from 0.5 to `oracle_auc`.
        public var oracleShare: Double?
        /// Microseconds of one call at the largest batch size; nil of the live version, which was measured another
        /// night.
        public var p50: Double?
        public var p99: Double?
        /// Dense parameters, without the shared embeddings; of logistic regression its weights.
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

    /// A difference of two nets on the same impressions.
    public struct ComparisonLine: Codable, Equatable, Sendable {
        /// As in `rocket.model_comparisons`: `light_minus_light_alone`, …
        public var name: String
        /// `auc` or `log_loss`.
        public var metric: String
        public var estimate: Double
        public var standardError: Double
        /// Each at `confidence`.
        public var lower, upper: Double
        public var confidence: Double

        enum CodingKeys: String, CodingKey {
            case name, metric, estimate, lower, upper, confidence
            case standardError = "standard_error"
        }
    }

    /// The difference of a metric, `auc` or `log_loss`.
    public func comparison(_ name: String, _ metric: String) -> ComparisonLine? {
        comparisons.first { $0.name == name && $0.metric == metric }
    }

    /// Latency of one net at one batch size.
    public struct LatencyLine: Codable, Equatable, Sendable {
        public var net: String
        public var batchSize: Int
        /// `back_to_back` or `paced`.
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

    /// Where the model is.
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
    }
}

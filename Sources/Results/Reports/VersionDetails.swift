import Days
import Evaluation
import ModelRegistry

/// Everything that the database knows about a version on one unseen day, beyond its ``ModelReport``.
public struct VersionDetails: Sendable {
    /// Each net of each arm, rocket's light net first.
    public var nets: [NetFigures]
    /// The light net of the version that was live when the gate judged this one, on the same impressions.
    public var live: NetFigures?
    public var comparisons: [ModelComparison]
    /// The curves; empty for versions judged by earlier programs.
    public var curves: [Curve]
    public var reliability: [Reliability]
    public var slices: [Slice]
    /// How much the light net needs each feature, the most needed first; empty if it was not measured.
    public var importance: [ImportanceMeasurement]
    public var training: [TrainedArm]
    public var features: [FeatureFigures]
    public var inputs: [InputDay]
    public var stages: [Stage]
    public var lineage: Lineage

    /// One net on the unseen day.
    public struct NetFigures: Equatable, Sendable {
        /// The arm in which it was trained, or `live`.
        public var arm: String
        public var net: String
        public var auc: Double?
        public var aucStandardError: Double?
        public var gauc: Double?
        public var gaucStandardError: Double?
        public var gaucGroups: Int?
        /// The log loss; nil if only the AUC is known.
        public var logLoss: Double?
        public var normalizedEntropy: Double?
        public var normalizedEntropyStandardError: Double?
        public var pcoc: Double?
        public var prAUC: Double?
        public var calibrationError: Double?
    }

    public struct Curve: Sendable {
        public var arm: String
        public var net: String
        public var points: [ROCPoint]
    }

    public struct Reliability: Sendable {
        public var net: String
        public var impressions: Int
        public var meanPrediction: Double
        public var clickRate: Double
    }

    /// One value of a feature, for both nets.
    public struct Slice: Sendable {
        public var feature: String
        /// The value; nil for all other values together.
        public var value: String?
        public var impressions: Int
        public var clicks: Int
        public var lightAUC, boosterAUC: Double?
        public var lightPCOC, boosterPCOC: Double?
    }

    /// The course of an arm's training.
    public struct TrainedArm: Sendable {
        public var arm: String
        public var steps: Int?
        public var samples: Int?
        public var seconds: Double?
        public var hintWeight: Double?
        /// The light nets that it trains, the one that leads first.
        public var lights: [TrainedLight]
        /// The step whose weights the booster kept; nil for the last.
        public var boosterStep: Int?
        public var curve: [LossPoint]
        /// AUC on held-out training rows.
        public var validations: [ValidationPoint]
        /// The largest gradient norm of the hint on the booster's own parameters, and the number of checks; 0 proves
        /// the block.
        public var hintOnBooster: (largest: Double, checks: Int)?
    }

    /// A light net in training.
    public struct TrainedLight: Equatable, Sendable {
        /// The name: `light`, or one of `nets.lights`.
        public var net: String
        /// The step whose weights were kept; nil for the last.
        public var step: Int?
    }

    /// Means over the steps since the previous point.
    public struct LossPoint: Equatable, Sendable {
        public var step: Int
        /// The light nets' terms, in the order of `TrainedArm.lights`; fewer, or none, where only other nets train.
        public var lights: [Terms]
        public var booster: Double?

        public struct Terms: Equatable, Sendable {
            public var loss: Double?
            /// The hint loss, not weighted by λ.
            public var hint: Double?
        }
    }

    public struct ValidationPoint: Equatable, Sendable {
        public var step: Int
        /// In the order of `TrainedArm.lights`.
        public var lights: [Double?]
        public var booster: Double?
    }

    /// A feature on the unseen day, and its drift over the days before.
    public struct FeatureFigures: Sendable {
        public var feature: String
        public var day: Day
        public var coverage: Double
        public var distinctIDs: Int?
        public var unseenShare: Double?
        public var collisionRate: Double?
        /// Rows of its embedding table, if only ids seen in training have one, and the share of values in the training
        /// rows whose id has none because memory did not suffice.
        public var tableRows: Int?
        public var sharedShare: Double?
        public var mean: Double?
        public var standardDeviation: Double?
        /// The population stability index compared with the previous cached day.
        public var psi: Double?
        /// The bounds over the days that the version was trained and judged on.
        public var lowestPSI, highestPSI: Double?
    }

    /// A day's cache files that the version was made from.
    public struct InputDay: Sendable {
        /// The role, training or evaluation.
        public var role: String
        public var day: Day
        public var parts: Int
        public var rows: Int
        public var clicks: Int
        /// The checksums of its files, separated by commas.
        public var checksums: String
    }

    /// A stage of the run that made the version.
    public struct Stage: Encodable, Sendable {
        public var name: String
        public var detail: String?
        public var seconds: Double?
        public var rows: Int?
    }

    public struct Lineage: Sendable {
        public var parent: Int?
        public var seed: String
        public var fingerprint: String
        public var specificationHash: String
        public var programVersion: String
        public var programRevision: String?
        public var programDigest: String?
        /// Vector instructions that the nets were trained with; nil where an earlier program trained them.
        public var instructions: String?
        public var run: Int?
        public var host: String?
        /// The time in UTC.
        public var createdAt: String
        public var embeddingParameters: Int
        public var jobFile: String
    }
}

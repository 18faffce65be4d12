import Days
import Evaluation

/// A trained model with everything recorded about it, ready to be written.
public struct NewModelVersion: Sendable {
    public var model: String
    public var runID: Int?
    public var trainedDays: ClosedRange<Day>
    /// The day it was evaluated on; nil if it was only trained.
    public var evaluatedDay: Day?
    /// The SHA-256 of settings and data.
    public var fingerprint: String
    /// The version that this one continues; nil if trained from scratch.
    public var parent: Int?
    public var specificationHash: String
    public var seed: UInt64
    public var jobFileText: String
    /// Training reports of all arms.
    public var trainingJSON: String
    public var lightParameters: Int
    public var boosterParameters: Int
    public var embeddingParameters: Int
    public var programVersion: String
    /// Git revision of the program; nil if unknown.
    public var programRevision: String?
    /// SHA-256 of the program's file; nil if it could not be read.
    public var programDigest: String?
    public var inputs: [VersionInput]
    public var artifacts: [Artifact]
    public var evaluations: [NetEvaluation]
    public var slices: [SliceEvaluation]
    public var latencies: [LatencyReport]
    /// Comparisons of the nets on the evaluated day.
    public var comparisons: [ModelComparison] = []
    /// The live version on the evaluated day; nil if there was none, or if it cannot score the day.
    public var live: LiveEvaluation?
    /// Whether a backfill made it after its night.
    public var backfilled = false
    /// The gate's record; nil if the gate is not asked, and the version stays a candidate.
    public var gate: GateRecord?

    public init(
        model: String, runID: Int?, trainedDays: ClosedRange<Day>, evaluatedDay: Day?, fingerprint: String,
        parent: Int?, specificationHash: String, seed: UInt64, jobFileText: String, trainingJSON: String,
        lightParameters: Int,
        boosterParameters: Int, embeddingParameters: Int, programVersion: String, inputs: [VersionInput],
        artifacts: [Artifact], evaluations: [NetEvaluation], slices: [SliceEvaluation] = [],
        latencies: [LatencyReport],
        gate: GateRecord? = nil
    ) {
        self.model = model
        self.runID = runID
        self.trainedDays = trainedDays
        self.evaluatedDay = evaluatedDay
        self.fingerprint = fingerprint
        self.parent = parent
        self.specificationHash = specificationHash
        self.seed = seed
        self.jobFileText = jobFileText
        self.trainingJSON = trainingJSON
        self.lightParameters = lightParameters
        self.boosterParameters = boosterParameters
        self.embeddingParameters = embeddingParameters
        self.programVersion = programVersion
        self.inputs = inputs
        self.artifacts = artifacts
        self.evaluations = evaluations
        self.slices = slices
        self.latencies = latencies
        self.gate = gate
    }
}

/// The result of writing a version.
public struct PublishedVersion: Sendable {
    public var number: Int
    /// The gate's decision, if it was asked.
    public var decision: GateDecision?
}

/// A cache file that a version was trained or evaluated on.
public struct VersionInput: Equatable, Sendable {
    public enum Role: String, Sendable {
        case training, evaluation
    }

    public var role: Role
    public var day: Day
    public var part: Int
    public var rows: Int
    public var clicks: Int
    public var checksum: String

    public init(role: Role, day: Day, part: Int, rows: Int, clicks: Int, checksum: String) {
        self.role = role
        self.day = day
        self.part = part
        self.rows = rows
        self.clicks = clicks
        self.checksum = checksum
    }
}

/// A file of a version.
public struct Artifact: Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Weights of both nets and their embedding tables.
    public static let model = "model.safetensors"
    /// The light net for other programs to run.
    public static let onnx = "light.onnx"
    /// The optimisers' state, if later versions may continue from this one.
    public static let optimiser = "optimiser.safetensors"
    /// The rules by which raw values become ids.
    public static let features = "features.json"
    /// The artifacts that are fetched; nothing else of a version is written to a folder.
    public static let pulled = [model, onnx, features]
}

/// A file of a version, as stored in the database.
public struct StoredArtifact: Sendable {
    public var name: String
    public var bytes: Int
    public var sha256: String
}

/// The quality of one net on one unseen day.
public struct NetEvaluation: Sendable {
    public var day: Day
    /// The arm in which it was trained: `rocket`, `light`, `booster`.
    public var arm: String
    /// `light` or `booster`.
    public var net: String
    public var report: EvaluationReport
    /// AUC of the true probabilities on the same rows, for generated logs.
    public var oracleAUC: Double?

    public init(day: Day, arm: String, net: String, report: EvaluationReport, oracleAUC: Double?) {
        self.day = day
        self.arm = arm
        self.net = net
        self.report = report
        self.oracleAUC = oracleAUC
    }
}

/// The quality of the live version's light net on the day that a new version is judged on.
public struct LiveEvaluation: Sendable {
    public var version: Int
    public var report: EvaluationReport

    public init(version: Int, report: EvaluationReport) {
        self.version = version
        self.report = report
    }
}

/// The quality of one net on the impressions with one value of a feature.
public struct SliceEvaluation: Sendable {
    public var day: Day
    /// `light` or `booster`, as trained in rocket.
    public var net: String
    public var feature: String
    /// The slice's number, from 1 for the slice with the most impressions.
    public var slice: Int
    /// The id; nil for all ids without a separate slice.
    public var id: UInt32?
    /// The value in the log; nil if unknown.
    public var value: String?
    public var report: EvaluationReport

    public init(
        day: Day, net: String, feature: String, slice: Int, id: UInt32?, value: String?, report: EvaluationReport
    ) {
        self.day = day
        self.net = net
        self.feature = feature
        self.slice = slice
        self.id = id
        self.value = value
        self.report = report
    }
}

/// The origin of a version.
public struct VersionLineage: Equatable, Sendable {
    public var model: String
    public var trainedDays: ClosedRange<Day>
    public var evaluatedDay: Day?
    public var fingerprint: String
    public var specificationHash: String
}

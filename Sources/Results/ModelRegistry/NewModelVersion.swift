import Days
import Evaluation

/// A trained model with everything recorded about it, ready to be written.
public struct NewModelVersion: Sendable {
    public var lineage: VersionLineage
    public var origin: Origin
    public var program: Program
    public var training: Training
    public var artifacts: [Artifact]
    /// Empty when it was only trained.
    public var findings: Findings
    /// Nil: the gate is not asked, and the version stays a candidate.
    public var gate: GateRecord?

    public init(
        lineage: VersionLineage, origin: Origin, program: Program, training: Training, artifacts: [Artifact]
    ) {
        self.lineage = lineage
        self.origin = origin
        self.program = program
        self.training = training
        self.artifacts = artifacts
        findings = Findings()
    }

    /// What a version came from, beyond its lineage.
    public struct Origin: Sendable {
        /// Of the ledger.
        public var run: Int?
        /// The version that this one resumes from; nil: trained from nothing.
        public var parent: Int?
        public var seed: UInt64
        public var jobFileText: String
        public var inputs: [VersionInput]
        /// Whether a backfill made it, after its night.
        public var backfilled = false

        public init(run: Int?, parent: Int? = nil, seed: UInt64, jobFileText: String, inputs: [VersionInput]) {
            self.run = run
            self.parent = parent
            self.seed = seed
            self.jobFileText = jobFileText
            self.inputs = inputs
        }
    }

    /// The program that made a version.
    public struct Program: Sendable {
        public var version: String
        /// Git revision; nil: not known.
        public var revision: String?
        /// SHA-256 of its file; nil: it could not be read.
        public var digest: String?

        public init(version: String, revision: String? = nil, digest: String? = nil) {
            self.version = version
            self.revision = revision
            self.digest = digest
        }
    }

    /// How a version was trained, and how large it is.
    public struct Training: Sendable {
        /// Training reports of all arms.
        public var json: String
        /// Light nets from the smallest to the largest, then the booster.
        public var nets: [VersionNet]
        public var embeddingParameters: Int
        public var served: ServedNetRecord

        public init(json: String, nets: [VersionNet], embeddingParameters: Int, served: ServedNetRecord) {
            self.json = json
            self.nets = nets
            self.embeddingParameters = embeddingParameters
            self.served = served
        }

        func parameters(of net: String) -> Int { nets.first { $0.name == net }?.parameters ?? 0 }
    }

    /// What an unseen day says of a version.
    public struct Findings: Sendable {
        public var evaluations: [NetEvaluation]
        public var slices: [SliceEvaluation]
        public var latencies: [LatencyReport]
        /// Of the nets on the evaluated day.
        public var comparisons: [ModelComparison]
        /// Of light nets with the next smaller ones.
        public var neighbours: [NetComparison]
        /// The live version on the evaluated day; nil: there was none, or it cannot score the day.
        public var live: LiveEvaluation?
        /// How much the light net needs each feature; empty: not measured.
        public var importance: [ImportanceMeasurement] = []

        public init(
            evaluations: [NetEvaluation] = [], slices: [SliceEvaluation] = [], latencies: [LatencyReport] = [],
            comparisons: [ModelComparison] = [], neighbours: [NetComparison] = [], live: LiveEvaluation? = nil
        ) {
            self.neighbours = neighbours
            self.evaluations = evaluations
            self.slices = slices
            self.latencies = latencies
            self.comparisons = comparisons
            self.live = live
        }
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
    private let content: @Sendable (Int) throws -> [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.init(name: name) { _ in bytes }
    }

    /// - Parameter content: Returns the bytes of the version with a number, which it has once it is written.
    public init(name: String, content: @escaping @Sendable (_ version: Int) throws -> [UInt8]) {
        self.name = name
        self.content = content
    }

    func bytes(of version: Int) throws -> [UInt8] { try content(version) }

    /// Weights of all nets and their embedding tables.
    public static let model = "model.safetensors"
    /// The light net and its embeddings alone: made from `model` when it is fetched, not stored.
    public static let light = "light.safetensors"
    /// The light net that is served, for other programs to run.
    public static let onnx = "light.onnx"
    /// The same of a light net that is not served.
    public static func onnx(of net: String) -> String { "light.\(net).onnx" }
    /// The name of a light net that has none of its own.
    public static let usualLight = "light"
    /// The optimisers' state, if later versions may continue from this one.
    public static let optimiser = "optimiser.safetensors"
    /// The rules by which raw values become ids.
    public static let features = "features.json"
    /// What histories knew of each key as of the version's night.
    public static let history = "history.safetensors"
    /// Rows with their ids and probabilities, by which a program that serves the version tests itself.
    public static let examples = "examples.jsonl"
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
    /// `light` or one of `nets.lights`, `booster`, or `logistic_regression`.
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
    /// `light` or one of `nets.lights`, or `booster`, as trained in rocket.
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
    /// Nil when it was only trained.
    public var evaluatedDay: Day?
    /// SHA-256 of settings and data.
    public var fingerprint: String
    public var specificationHash: String

    public init(
        model: String, trainedDays: ClosedRange<Day>, evaluatedDay: Day?, fingerprint: String,
        specificationHash: String
    ) {
        self.model = model
        self.trainedDays = trainedDays
        self.evaluatedDay = evaluatedDay
        self.fingerprint = fingerprint
        self.specificationHash = specificationHash
    }
}

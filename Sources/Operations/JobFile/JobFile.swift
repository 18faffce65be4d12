import AdLogs
import Evaluation
import Features
import Foundation
import Nets
import RocketLaunching
import Training

/// One training job: which logs, which features, which nets, and how they are trained and measured.
///
/// The file is YAML and strictly read: a value exists here only if it was valid, and every mistake of a file is
/// reported at once with its line.
public struct JobFile: Sendable {
    /// Name under which models, reports and locks are kept.
    public var model: String
    public var source: LogSource
    public var features: FeatureSpecification
    public var nets: NetSpecification
    public var rocket: RocketSpecification
    public var training: TrainingSpecification
    public var evaluation: EvaluationSpecification
    public var promotion: PromotionGate
    /// Which light net is served.
    public var served: ServedNet
    public var extraction: ExtractionSettings
    public var database: DatabaseSettings
    /// Nil: nobody is told of a failed run.
    public var onFailure: FailureNotice?
    /// How many days older than the newest a cached day may be before `rocket cache prune` removes it; nil: any.
    public var cacheRetentionDays: Int?
    /// Where cache files are kept; absolute where the job was read from a file.
    public var cacheDirectory: String
    /// The file as the caller named it.
    public var path: String
    /// The file's text, comments included.
    public var text: String

    /// A job file is written by hand; this is far above any, and keeps a wrong path from filling the memory.
    private static let mostBytes = 1 << 20

    /// Reads and checks a file. A relative folder of the cache is one beside it, or below `ROCKET_CACHE_ROOT`, so that
    /// the same file means the same folder wherever it is run.
    public init(path: String) throws(JobFileError) {
        try self.init(text: Self.contents(of: path), path: path)
        placeCache(beside: path)
    }

    /// Makes a relative folder of the cache one beside a file, or below `ROCKET_CACHE_ROOT` if that is set.
    ///
    /// - Parameter file: nil: not known; without `ROCKET_CACHE_ROOT` the folder then stays relative.
    package mutating func placeCache(beside file: String?) {
        let root = ProcessInfo.processInfo.environment["ROCKET_CACHE_ROOT"] ?? ""
        let folder =
            root.isEmpty
            ? file.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            : URL(fileURLWithPath: root, isDirectory: true)
        guard let folder else { return }
        cacheDirectory = URL(fileURLWithPath: cacheDirectory, relativeTo: folder).standardizedFileURL.path
    }

    /// Checks a file's text; `path` is only used in messages.
    public init(text: String, path: String) throws(JobFileError) {
        let problems = ProblemList()
        var job = JobFile(unreadText: text, path: path)
        if let root = YAMLText.rootMapping(of: text, problems: problems) {
            let file = Section(root, path: "", line: 1, problems: problems)
            job.read(file)
            file.close()
        }
        guard problems.isEmpty else { throw .invalid(path: path, problems: problems.inOrderOfLines) }
        self = job
    }

    /// The defaults of optional keys, and blanks where a key is required; never leaves `init(text:path:)` as it is.
    init(unreadText text: String, path: String) {
        model = ""
        source = LogSource(
            impressions: .init(table: "", id: [], time: ""), clicks: .init(table: "", impressionID: [], time: ""),
            attributionWindow: AttributionWindow(seconds: 0))
        features = FeatureSpecification(features: [])
        nets = NetSpecification(embeddingDim: 0, light: [], booster: [])
        rocket = RocketSpecification()
        training = TrainingSpecification()
        evaluation = EvaluationSpecification()
        promotion = PromotionGate()
        served = .net(LightNet.usualName)
        extraction = ExtractionSettings()
        database = DatabaseSettings()
        cacheDirectory = ".rocket/cache"
        self.path = path
        self.text = text
    }

    private static func contents(of path: String) throws(JobFileError) -> String {
        let bytes: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            bytes = try file.read(upToCount: mostBytes + 1) ?? Data()
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw .unreadable(
                path: path,
                reason: isThere
                    ? "cannot be read; expected a YAML file that this user may read"
                    : "does not exist; name an existing file with --job")
        }
        guard bytes.count <= mostBytes else {
            throw .unreadable(path: path, reason: "is larger than 1 MiB; expected a YAML file written by hand")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "is not UTF-8 text; save it as UTF-8")
        }
        return text
    }
}

extension JobFile {
    /// Bytes that the embeddings of a training may take.
    package var embeddingMemory: Int { nets.embeddingMemory ?? NetSpecification.usualEmbeddingMemory }
}

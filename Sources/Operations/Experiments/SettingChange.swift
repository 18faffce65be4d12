import CounterRandom
import Features
import JobFile
import RocketLaunching

/// One key of a job file with another value: a step of a search for better settings.
struct SettingChange: Hashable {
    let path: [String]
    /// As YAML writes it.
    let value: String

    var key: String { path.joined(separator: ".") }
}

/// The keys that a search tries, each with its values.
struct SearchedSettings {
    let changes: [[SettingChange]]

    /// - Parameter keys: those that are wanted; nil: all but the light net's widths, which decide what serving costs.
    init(keys: Set<String>?) {
        changes = Self.all.filter { path, _ in keys?.contains(path) ?? (path != "nets.light.hidden") }.map {
            path, values in
            values.map { SettingChange(path: path.split(separator: ".").map(String.init), value: $0) }
        }
    }

    static var keys: [String] { all.map(\.path) }

    private static let all: [(path: String, values: [String])] = [
        ("training.embedding_learning_rate", ["0.01", "0.02", "0.05", "0.1"]),
        ("training.dense_learning_rate", ["0.0003", "0.001", "0.003"]),
        ("training.light_learning_rate", ["0.001", "0.003", "0.01"]),
        ("training.batch_size", ["32", "64", "128", "256", "512", "1024", "2048"]),
        ("training.l2", ["0", "0.000001", "0.00001", "0.0001"]),
        ("nets.embedding_dim", ["4", "8", "16", "32"]),
        ("features.minimum_count", ["2", "5", "20"]),
        ("nets.booster.hidden", ["[200, 100]", "[400, 200, 100]", "[400, 400, 400]"]),
        ("nets.booster.dropout", ["0", "0.1", "0.3"]),
        ("nets.booster.batch_norm", ["false", "true"]),
        ("nets.booster.cross_layers", ["0", "1", "2"]),
        ("nets.booster.linear", ["false", "true"]),
        ("nets.light.hidden", ["[16, 8]", "[32, 16]", "[64, 32]"]),
        ("nets.light.batch_norm", ["false", "true"]),
        ("nets.light.cross_layers", ["0", "1", "2"]),
        ("nets.light.linear", ["false", "true"]),
        ("rocket.hint_weight", ["0.3", "1", "3", "10"]),
        ("rocket.hint_loss", HintLoss.allCases.map(\.rawValue)),
        ("rocket.teacher", Teacher.allCases.map(\.rawValue)),
        ("rocket.sharing", [Sharing.nothing, .embeddings].map(\.rawValue)),
    ]

    /// A job file with some changes, comments and all; nil where it would be no job file, or none with other weights.
    static func job(_ base: JobFile, with changes: [SettingChange]) -> JobFile? {
        var edit = JobFileEdit(base.text)
        for change in changes {
            for path in paths(of: change, in: base) {
                guard edit.set(path, to: change.value) else { return nil }
            }
        }
        guard var job = try? JobFile(text: edit.text, path: base.path) else { return nil }
        job.cacheDirectory = base.cacheDirectory
        return job
    }

    /// Where a change is written: a key of the features at every one with a table of ids of its own.
    private static func paths(of change: SettingChange, in base: JobFile) -> [[String]] {
        if base.nets.fleet != nil, change.path.starts(with: ["nets", "light"]) {
            return [["nets", "lights", base.nets.lead] + change.path.dropFirst(2)]
        }
        guard change.path.first == "features", let key = change.path.last else { return [change.path] }
        let features = base.features.features
        let shared = Set(features.compactMap(\.table))
        return features.indices.filter {
            features[$0].hasIDTable && features[$0].table == nil && !shared.contains(features[$0].name)
        }.map { ["features", "\($0)", key] }
    }

    /// Changes in an order that the seed decides: one, two or three keys each, none twice, and none that changes
    /// nothing.
    func trials(_ count: Int, of base: JobFile, seed: UInt64) throws -> [[SettingChange]] {
        var random = CounterRandom(seed: seed, stream: 0x5352_4348)
        var (trials, seen): ([[SettingChange]], Set<String>) = ([], [try base.fingerprintText()])
        // Every key's values are few, so that in the end all have been drawn.
        for _ in 0..<100 * count where trials.count < count {
            let keys = changes.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
            let drawn = keys.compactMap { $0.randomElement(using: &random) }.sorted { $0.key < $1.key }
            // A change that says what the job file says is none.
            let trial = try drawn.filter { change in
                try Self.job(base, with: [change]).map { try $0.fingerprintText() != base.fingerprintText() } ?? true
            }
            guard let job = Self.job(base, with: trial), seen.insert(try job.fingerprintText()).inserted else {
                continue
            }
            trials.append(trial)
        }
        return trials
    }
}

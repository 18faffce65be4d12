/// An error with a stored model.
public enum ModelRegistryError: Error, Equatable, CustomStringConvertible {
    /// There is no such version; `newest` are the newest existing ones, newest first.
    case noVersion(Int, newest: [Int])
    /// The version belongs to another model than the one asked for.
    case otherModel(version: Int, model: String, asked: String)
    case noArtifact(name: String, version: Int)
    case damagedArtifact(name: String, version: Int, found: String, expected: String)
    /// No night has kept a table of earlier days' counts for the version's histories.
    case noHistory
    case damagedHistory(found: String, expected: String)
    /// Someone else deployed a version of the model at the same time.
    case raced(String)
    /// The rules do not allow the deployment.
    case refused(String)
    /// The server found stored bytes that are damaged.
    case damaged(String)
    /// The server knows no such version.
    case absent(String)

    /// Whether stored bytes are damaged or missing.
    public var isDamage: Bool {
        switch self {
        case .noArtifact, .damagedArtifact, .damaged, .damagedHistory: true
        case .noVersion, .otherModel, .raced, .refused, .absent, .noHistory: false
        }
    }

    public var description: String {
        switch self {
        case .raced(let text), .refused(let text), .damaged(let text): text
        case .absent(let text): text + "; see: rocket models list"
        case .noVersion(let version, let newest) where newest.isEmpty:
            "there is no model version \(version), nor any other yet; run: rocket nightly"
        case .noVersion(let version, let newest):
            "there is no model version \(version); the newest: "
                + "\(newest.map(String.init).joined(separator: ", ")); see: rocket models list"
        case .otherModel(let version, let model, let asked):
            "version \(version) is one of model ‘\(model)’, not of ‘\(asked)’; see: rocket models list --model \(asked)"
        case .noArtifact(let name, let version):
            "version \(version) has no artifact \(name); see: rocket models show \(version)"
        case .damagedArtifact(let name, let version, let found, let expected):
            "artifact \(name) of version \(version) has SHA-256 \(found), its row says \(expected); "
                + "the stored bytes are damaged, train the version again with rocket backfill"
        case .noHistory:
            "no night has kept a table of earlier days for this version's histories yet; the next rocket nightly of its "
                + "job file does"
        case .damagedHistory(let found, let expected):
            "the kept table of earlier days has SHA-256 \(found), its row says \(expected); the stored bytes are damaged, "
                + "and the next rocket nightly replaces them"
        }
    }
}

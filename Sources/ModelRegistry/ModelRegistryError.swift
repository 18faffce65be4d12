/// What can be wrong with a stored model.
public enum ModelRegistryError: Error, Equatable, CustomStringConvertible {
    case noVersion(Int)
    case noArtifact(name: String, version: Int)
    case damagedArtifact(name: String, version: Int, found: String, expected: String)

    public var description: String {
        switch self {
        case .noVersion(let version):
            "there is no model version \(version); see: rocket models list"
        case .noArtifact(let name, let version):
            "version \(version) has no artifact \(name); see: rocket models show \(version)"
        case .damagedArtifact(let name, let version, let found, let expected):
            "artifact \(name) of version \(version) has SHA-256 \(found), its row says \(expected); "
                + "the stored bytes are damaged, train the version again with rocket backfill"
        }
    }
}

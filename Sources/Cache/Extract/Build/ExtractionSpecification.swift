import AdLogs
import Features

/// Everything that decides the bytes of a day's cache files.
public struct ExtractionSpecification: Codable, Sendable {
    public var source: LogSource
    /// The features; before the first extraction the bucketed ones have no boundaries yet.
    public var features: FeatureSpecification
    /// Column of the impressions by which GAUC groups rows; nil for no groups.
    public var group: String?
    /// Column with the true click probability, in generated logs.
    public var trueProbability: String?
    /// Number of parts of equal length that a day is cut into; each becomes a file.
    public var shards: Int
    /// SHA-256 of all of the above as the job file has it, in hexadecimal; the key of cache files and manifest rows.
    public var hash: String

    public init(
        source: LogSource, features: FeatureSpecification, group: String?, trueProbability: String?, shards: Int,
        hash: String
    ) {
        self.source = source
        self.features = features
        self.group = group
        self.trueProbability = trueProbability
        self.shards = shards
        self.hash = hash
    }
}

import AdLogs
import Features

/// Everything that decides the bytes of a day's cache files.
public struct ExtractionSpecification: Sendable {
    public var source: LogSource
    public var features: FeatureSpecification
    /// Column of the impressions by which GAUC groups rows; nil: no groups.
    public var group: String?
    /// Column with the true click probability of generated logs.
    public var trueProbability: String?
    /// SHA-256 in hexadecimal of all of the above; cache files and manifest rows are found by it.
    public var hash: String

    public init(
        source: LogSource, features: FeatureSpecification, group: String?, trueProbability: String?, hash: String
    ) {
        self.source = source
        self.features = features
        self.group = group
        self.trueProbability = trueProbability
        self.hash = hash
    }
}

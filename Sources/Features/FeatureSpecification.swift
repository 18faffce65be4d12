/// What the job turns a log row into: the list of features, in the order in which the cache stores their columns.
public struct FeatureSpecification: Codable, Equatable, Sendable {
    public var features: [Feature]

    public init(features: [Feature]) {
        self.features = features
    }

    /// The features that become embedding ids, in order: categorical and multi-valued.
    public var fields: [Feature] { features.filter { $0.kind != .numeric } }
    /// The features that become plain numbers, in order.
    public var numerics: [Feature] { features.filter { $0.kind == .numeric } }
}

/// One feature: a column of the impressions and how its value is represented.
public struct Feature: Codable, Equatable, Sendable {
    /// The feature's own name; it also seeds the hash, so that equal values of two fields get unrelated ids.
    public var name: String
    /// The column it is read from.
    public var column: String
    public var kind: Kind
    /// Categorical and multi-valued: the field has `1 << hashBits` ids, of which 0 means "missing". Unused for numerics.
    public var hashBits: Int
    /// Numerics only.
    public var transform: Transform

    public init(
        name: String, column: String, kind: Kind, hashBits: Int = 16, transform: Transform = .identity
    ) {
        self.name = name
        self.column = column
        self.kind = kind
        self.hashBits = hashBits
        self.transform = transform
    }

    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// One value a row, read as text.
        case categorical
        /// One number a row.
        case numeric
        /// An array of text values a row.
        case multiValued = "multi_valued"
    }

    public enum Transform: String, Codable, CaseIterable, Sendable {
        case identity
        /// sign(x) · ln(1 + |x|)
        case log1p
    }
}

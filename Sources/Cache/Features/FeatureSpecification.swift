/// The list of features into which the job turns a log row, in the order in which the cache stores their columns.
public struct FeatureSpecification: Codable, Equatable, Sendable {
    public var features: [Feature]

    public init(features: [Feature]) {
        self.features = features
    }

    /// The features that become embedding ids, in order: all but the numbers.
    public var fields: [Feature] { features.filter { !$0.isNumber } }
    /// The features that become plain numbers, in order.
    public var numerics: [Feature] { features.filter(\.isNumber) }
    /// The parts that decide the cache's columns: admission and embedding happen in training.
    public var asCached: FeatureSpecification {
        FeatureSpecification(
            features: features.map { feature in
                var feature = feature
                feature.minimumCount = nil
                feature.expireAfterDays = nil
                feature.embeddingDim = nil
                feature.pooling = nil
                return feature
            })
    }
    /// The features whose bucket boundaries are learned.
    public var bucketed: [Feature] { features.filter { $0.kind == .bucketed } }
}

/// One feature: its source and the representation of its value.
public struct Feature: Codable, Equatable, Sendable {
    /// The feature's name; it also seeds the hash, so that equal values of two fields get unrelated ids.
    public var name: String
    /// The column it is read from; crosses and times, which have none, use their name here.
    public var column: String
    public var kind: Kind
    /// For categorical, multi-valued and crossed features: the field has `1 << hashBits` ids, of which 0 means
    /// "missing". With `FeatureHasher.exactBits`, only ids seen in training have an embedding row; with fewer bits,
    /// every id is a row.
    public var hashBits: Int
    /// The feature whose embedding table this one uses, so that equal values of both have one id and one embedding; nil
    /// for its own.
    public var table: String?
    /// For numbers only.
    public var transform: Transform
    /// For a cross: the names of the crossed features, at least two.
    public var crossed: [String]?
    /// For a bucketed feature: the number of buckets, with equal shares of rows; for a history that has ids, of buckets
    /// with fixed boundaries.
    public var buckets: Int?
    /// The upper bounds of all buckets but the last, ascending. For a bucketed feature they are learned, and nil in a
    /// job file.
    public var boundaries: [Double]?
    /// Ids seen less often in training share one embedding; nil if every id has its own.
    public var minimumCount: Int?
    /// Ids not seen for n days before the last training day lose their own embedding.
    public var expireAfterDays: Int?
    /// The dimension of its embeddings; nil for the net's own.
    public var embeddingDim: Int?
    /// For a multi-valued feature: how the embeddings of a row's ids are combined; nil for their sum.
    public var pooling: Pooling?
    /// For a number of a history: which.
    public var history: HistoryNumber?

    public init(
        name: String, column: String, kind: Kind, hashBits: Int = 16, transform: Transform = .identity,
        crossed: [String]? = nil, buckets: Int? = nil, boundaries: [Double]? = nil
    ) {
        self.name = name
        self.column = column
        self.kind = kind
        self.hashBits = hashBits
        self.transform = transform
        self.crossed = crossed
        self.buckets = buckets
        self.boundaries = boundaries
    }

    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// One value per row: text, a whole number, a uuid, a truth value; any other type by its text form.
        case categorical
        /// One number per row.
        case numeric
        /// An array of values per row.
        case multiValued = "multi_valued"
        /// One number per row, represented by the quantile bucket it falls into.
        case bucketed
        /// The combination of other features' values.
        case cross
        /// Hour of the impression in the source's time zone, 0…23.
        case hourOfDay = "hour_of_day"
        /// ISO weekday of the impression in the source's time zone, 1 (Monday) … 7.
        case dayOfWeek = "day_of_week"
        /// What the log says of the row's user, ad, or other key on earlier days.
        case history

        /// Whether ids come from the hash.
        public var isHashed: Bool { self == .categorical || self == .multiValued || self == .cross }
        /// Whether the feature reads a column.
        public var readsColumn: Bool { ![.cross, .hourOfDay, .dayOfWeek, .history].contains(self) }
        /// Whether its values can be part of the key of a history: they have one hash a row, on every day the same.
        public var canBeKey: Bool { [.categorical, .hourOfDay, .dayOfWeek].contains(self) }
    }

    public enum Transform: String, Codable, CaseIterable, Sendable {
        case identity
        /// sign(x) · ln(1 + |x|)
        case log1p
    }

    public enum Pooling: String, Codable, CaseIterable, Sendable {
        case sum
        case mean
    }

    /// Whether the feature becomes a plain number, without ids.
    public var isNumber: Bool { kind == .numeric || kind == .history && boundaries == nil }

    /// Whether a table of ids maps ids to embedding rows.
    public var hasIDTable: Bool { kind.isHashed && hashBits == FeatureHasher.exactBits }

    /// Ids of the field are below this; 0 for numerics. The number of rows in its embedding table, unless it has a
    /// table of ids.
    public var tableRows: Int {
        switch kind {
        case .categorical, .multiValued, .cross: FeatureHasher(self).tableRows
        case .bucketed: (buckets ?? 1) + 1
        case .history: isNumber ? 0 : (buckets ?? 1) + 1
        case .hourOfDay: 25
        case .dayOfWeek: 8
        case .numeric: 0
        }
    }
}

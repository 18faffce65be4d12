/// What a net's input row is made of: the embeddings of each field, then two numbers for each numeric feature.
public struct InputLayout: Codable, Equatable, Sendable {
    public var fields: [FieldShape]
    public var numerics: [NumericShape]

    public init(fields: [FieldShape], numerics: [NumericShape]) {
        self.fields = fields
        self.numerics = numerics
    }

    /// The field whose table each field uses, which may be itself.
    public var owners: [Int] {
        fields.indices.map { index in
            fields[index].table.flatMap { name in fields.firstIndex { $0.name == name } } ?? index
        }
    }

    /// Fields with their own table.
    public var ownFields: [Int] { zip(fields.indices, owners).filter { $0 == $1 }.map(\.0) }

    /// The same layout with the rows that tables of ids need.
    public func with(_ ids: IDTables) -> InputLayout {
        var layout = self
        for field in layout.fields.indices where layout.fields[field].hasIDTable == true {
            layout.fields[field].rows = (ids[field] ?? .empty).rows
        }
        return layout
    }

    /// The same layout whatever its tables of ids have met.
    package var withoutIDs: InputLayout { with(.none) }

    /// Width of an input row: the fields' dimensions, and two for each numeric.
    public func inputWidth(embeddingDim: Int) -> Int {
        fields.reduce(0) { $0 + ($1.dim ?? embeddingDim) } + 2 * numerics.count
    }
}

/// A field's embedding table.
public struct FieldShape: Codable, Equatable, Sendable {
    public var name: String
    /// Rows of the table. Ids are below this, unless a table of ids says which rows they have.
    public var rows: Int
    public var multiValued: Bool
    /// Which ids have their own embedding; nil: all.
    public var admission: IDAdmission?
    /// Numbers its ids are embedded in; nil: as the net says.
    public var dim: Int?
    /// What becomes of several ids in a row; nil: their sum.
    public var pooling: Pooling?
    /// The field whose table it uses, of as many rows and the same dimension; nil: its own.
    public var table: String?
    /// True: an `IDTable` gives its ids their rows, the missing one's, one each, and one of all others. Otherwise an id
    /// is the number of its row.
    public var hasIDTable: Bool?

    public init(
        name: String, rows: Int, multiValued: Bool, admission: IDAdmission? = nil, dim: Int? = nil,
        pooling: Pooling? = nil, table: String? = nil, hasIDTable: Bool? = nil
    ) {
        self.name = name
        self.rows = rows
        self.multiValued = multiValued
        self.admission = admission
        self.dim = dim
        self.pooling = pooling
        self.table = table
        self.hasIDTable = hasIDTable
    }

    /// Rows of the table in memory: with a rule and without a table of ids, one more that the ids without an embedding
    /// of their own share.
    package var storedRows: Int { hasRareRow ? rows + 1 : rows }

    package var hasRareRow: Bool { admission != nil && hasIDTable != true }

    /// The row of ids without their own; nil: every id has one.
    package var sharedRow: Int? { hasIDTable == true ? rows - 1 : hasRareRow ? rows : nil }
}

/// How the embeddings of several ids of a field become one.
public enum Pooling: String, Codable, CaseIterable, Sendable {
    case sum
    case mean
}

/// A field's rule for which ids have their own embedding.
public struct IDAdmission: Codable, Equatable, Sendable {
    /// Training rows in which the id must come.
    public var minimumCount: Int
    /// Days before the last training day after which an id that was not seen loses its embedding; nil: never.
    public var expireAfterDays: Int?

    public init(minimumCount: Int, expireAfterDays: Int? = nil) {
        self.minimumCount = minimumCount
        self.expireAfterDays = expireAfterDays
    }
}

/// How a numeric feature becomes input: `(x − mean) / standardDeviation` (0 when missing), then 1 when missing, else 0.
public struct NumericShape: Codable, Equatable, Sendable {
    public var name: String
    public var mean: Double
    public var standardDeviation: Double

    public init(name: String, mean: Double, standardDeviation: Double) {
        self.name = name
        self.mean = mean
        // A number that never changes has no scale; it becomes 0 whatever it is divided by.
        self.standardDeviation = standardDeviation > 0 ? standardDeviation : 1
    }

    /// The values that are finite numbers when standardised.
    package var range: ClosedRange<Float> {
        let largest = Double(Float.greatestFiniteMagnitude)
        func clipped(_ number: Double) -> Float { Float(min(max(number, -largest), largest)) }
        return clipped(mean - standardDeviation * largest)...clipped(mean + standardDeviation * largest)
    }

    /// The two numbers that a value becomes; NaN is missing.
    @inline(__always)
    package func input(_ value: Float) -> (standardised: Float, isMissing: Float) {
        value.isNaN ? (0, 1) : (Float((Double(value) - mean) / standardDeviation), 0)
    }
}

import Days

/// A parameter of a statement. The server infers its type from its position.
public enum Value: Sendable {
    case null
    case text(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    /// `bytea`, sent in binary.
    case bytes([UInt8])
    /// JSON text for a `jsonb` column.
    case json(String)
    /// `date`
    case day(Day)
}

/// NULL for nil.
extension Value {
    public init(_ text: String?) {
        self = text.map { .text($0) } ?? .null
    }

    public init(_ number: Int?) {
        self = number.map { .int($0) } ?? .null
    }

    public init(_ number: Double?) {
        self = number.map { .double($0) } ?? .null
    }

    public init(_ day: Day?) {
        self = day.map { .day($0) } ?? .null
    }
}

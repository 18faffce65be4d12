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
}

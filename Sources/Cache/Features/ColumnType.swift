/// PostgreSQL's type of a column that features read: it decides a value's text, whoever sends it.
///
/// A model keeps its columns' types, so that a value from a log, from JSON and from a program gets the same id.
public struct ColumnType: Equatable, Sendable {
    /// The type of the column's values, or of its arrays' elements.
    public let scalar: Scalar
    public let isArray: Bool

    /// The types whose values have one text that a request can have too.
    public enum Scalar: Equatable, Sendable {
        /// `text`, `character varying`, `citext`, `name`, enums: the text itself.
        case text
        /// `character(n)`: without trailing blanks.
        case paddedText
        /// `smallint`, `integer`, `bigint`
        case integer
        case uuid
        case boolean
        case real
        case doublePrecision
        /// `numeric`, with the column's number of decimals; nil for each value's own.
        case numeric(scale: Int?)
        case date
        /// Without time zone.
        case timestamp
        /// With time zone; the text is in UTC.
        case timestampWithZone
        /// Without time zone.
        case time
        case timeWithZone
        case interval
        case bytea
        /// `bit`, `bit varying`
        case bits
        case inet
        case cidr
        /// `macaddr`, `macaddr8`
        case hardwareAddress
    }

    /// - Parameter name: The type as `format_type` writes it, `enum` for an enum, with `[]` for an array.
    /// - Returns: Nil for a type whose values cannot be features with ids.
    public init?(postgres name: String) {
        isArray = name.hasSuffix("[]")
        let name = isArray ? String(name.dropLast(2)) : name
        // Splits ‘numeric(10,2)’ or ‘timestamp(3) with time zone’ into the part in brackets and the name without it.
        var (plain, modifier) = (name, "")
        if let open = name.firstIndex(of: "("), let end = name[open...].firstIndex(of: ")") {
            modifier = String(name[name.index(after: open)..<end])
            plain = String(name[..<open] + name[name.index(after: end)...])
        }
        switch plain {
        case "text", "character varying", "citext", "name", "enum": scalar = .text
        case "character": scalar = .paddedText
        case "smallint", "integer", "bigint": scalar = .integer
        case "uuid": scalar = .uuid
        case "boolean": scalar = .boolean
        case "real": scalar = .real
        case "double precision": scalar = .doublePrecision
        case "numeric":
            let scale = modifier.split(separator: ",").dropFirst().first.flatMap { Int($0) }
            scalar = .numeric(scale: modifier.isEmpty ? nil : min(max(scale ?? 0, 0), 1_000))
        case "date": scalar = .date
        case "timestamp without time zone": scalar = .timestamp
        case "timestamp with time zone": scalar = .timestampWithZone
        case "time without time zone": scalar = .time
        case "time with time zone": scalar = .timeWithZone
        case "bytea": scalar = .bytea
        case "bit", "bit varying": scalar = .bits
        case "inet": scalar = .inet
        case "cidr": scalar = .cidr
        case "macaddr", "macaddr8": scalar = .hardwareAddress
        default:
            guard plain.hasPrefix("interval") else { return nil }
            scalar = .interval
        }
    }

    /// Whether any text stands for itself.
    public var isVerbatim: Bool { scalar == .text }

    /// Returns the reason why a type cannot be a feature with ids, as the end of a sentence.
    public static func refusal(of name: String) -> String {
        switch name {
        case "json", "jsonb": "the same object has many texts"
        case "money": "its text depends on the server's lc_monetary"
        case _ where name.hasSuffix("[]"): "an array has several values; use kind multi_valued"
        default: "its text is not known outside of PostgreSQL; read it from a view that casts it to text"
        }
    }
}

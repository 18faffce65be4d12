/// The columns that together identify an impression: one id, or a request's id and a position within it.
public struct LogKey: Hashable, Sendable {
    /// One to `mostColumns`; the same number on the clicks' and the impressions' side, in the same order.
    public var columns: [String]

    public init(columns: [String]) {
        self.columns = columns
    }

    public static let mostColumns = 4
}

extension LogKey: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    public init(stringLiteral column: String) { columns = [column] }
    public init(arrayLiteral columns: String...) { self.columns = columns }
}

extension LogKey: CustomStringConvertible {
    /// The key as the job file has it: `id`, `[request_id, position]`.
    public var description: String {
        columns.count == 1 ? columns[0] : "[" + columns.joined(separator: ", ") + "]"
    }
}

extension LogKey: Codable {
    /// Decodes a single column from a plain text, as stored before there were several.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        columns = try (try? [value.decode(String.self)]) ?? value.decode([String].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if columns.count == 1 { try value.encode(columns[0]) } else { try value.encode(columns) }
    }
}

/// The columns that together name an impression: one id, or a request's id and a position within it.
public struct LogKey: Hashable, Sendable {
    /// One to `mostColumns`; as many on the clicks' side as on the impressions', in the same order.
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
    /// As the job file has it: `id`, `[request_id, position]`.
    public var description: String {
        columns.count == 1 ? columns[0] : "[" + columns.joined(separator: ", ") + "]"
    }
}

extension LogKey: Codable {
    /// A single column is a plain text, as it was before there were several.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        columns = try (try? [value.decode(String.self)]) ?? value.decode([String].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if columns.count == 1 { try value.encode(columns[0]) } else { try value.encode(columns) }
    }
}

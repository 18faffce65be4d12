import Postgres

/// A condition on the rows of a table that holds both impressions and clicks: a column must have one of several values.
public struct RowCondition: Codable, Hashable, Sendable {
    public var column: String
    /// Texts that the server reads as values of the column's type; at least one.
    public var values: [String]

    public init(column: String, values: [String]) {
        self.column = column
        self.values = values
    }
}

extension [RowCondition] {
    /// Returns the condition that a row meets all of these, for statements of other modules. Literals have no type, so
    /// that each is read as the column's type, whatever that is.
    ///
    /// - Throws: `PostgresError`.
    public func sql(_ alias: String, on connection: Connection) throws -> String {
        if isEmpty { return "true" }
        return try map { condition in
            let values = try condition.values.map { try connection.quoteLiteral($0) }.joined(separator: ", ")
            return "\(alias).\(try connection.quoteIdentifier(condition.column)) IN (\(values))"
        }.joined(separator: " AND ")
    }
}

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

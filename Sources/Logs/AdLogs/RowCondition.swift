/// What a row of a table must have to be an impression, or a click, where one table holds both: a column with one of some
/// values.
public struct RowCondition: Codable, Hashable, Sendable {
    public var column: String
    /// Texts that the server reads as values of the column's type; at least one.
    public var values: [String]

    public init(column: String, values: [String]) {
        self.column = column
        self.values = values
    }
}

import Days

extension Row {
    /// Reads a `date` column.
    public func day(_ column: String) throws -> Day {
        let text = try text(column)
        guard let day = Day(text) else {
            throw PostgresError.unexpectedValue(column: column, found: text, expected: "a date, YYYY-MM-DD")
        }
        return day
    }

    /// Reads a `date` column that may be null.
    public func dayOrNil(_ column: String) throws -> Day? {
        try textOrNil(column) == nil ? nil : day(column)
    }
}

/// Raw values of some columns for many rows, line by line.
public struct RawRows: Sendable {
    public let columns: [String]
    /// `[rows, columns]`
    public private(set) var values: [RawValue] = []
    public private(set) var count = 0

    public init(columns: [String]) {
        self.columns = columns
    }

    /// - Parameter row: as many values as there are columns, in their order.
    /// - Throws: `ServingError.width`.
    public mutating func append(_ row: [RawValue]) throws(ServingError) {
        guard row.count == columns.count else {
            throw .width(row: count, found: row.count, expected: columns)
        }
        values += row
        count += 1
    }

    /// A column that the row does not name is missing; others than the columns are left out.
    public mutating func append(_ row: [String: RawValue]) {
        for column in columns { values.append(row[column] ?? .missing) }
        count += 1
    }

    /// Keeps the memory, drops the rows.
    public mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        count = 0
    }
}

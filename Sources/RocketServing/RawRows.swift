/// Raw values of some columns for many rows, kept column by column, as they are read.
public struct RawRows: Sendable {
    public let columns: [String]
    /// `[columns][rows]`
    public private(set) var values: [[RawValue]]
    public private(set) var count = 0

    public init(columns: [String]) {
        self.columns = columns
        values = [[RawValue]](repeating: [], count: columns.count)
    }

    /// - Parameter row: as many values as there are columns, in their order.
    /// - Throws: `ServingError.width`.
    public mutating func append(_ row: [RawValue]) throws(ServingError) {
        guard row.count == columns.count else {
            throw .width(row: count, found: row.count, expected: columns)
        }
        for (column, value) in row.enumerated() { values[column].append(value) }
        count += 1
    }

    /// A column that the row does not name is missing; others than the columns are left out.
    public mutating func append(_ row: [String: RawValue]) {
        for (column, name) in columns.enumerated() { values[column].append(row[name] ?? .missing) }
        count += 1
    }

    /// Keeps the memory, drops the rows.
    public mutating func removeAll() {
        for column in values.indices { values[column].removeAll(keepingCapacity: true) }
        count = 0
    }
}

/// Raw values of several columns for many rows, stored column by column.
public struct RawRows: Sendable {
    public let columns: [String]
    /// `[columns][rows]`
    public private(set) var values: [[RawValue]]
    public private(set) var count = 0
    private let places: [String: Int]

    public init(columns: [String]) {
        self.columns = columns
        places = Dictionary(zip(columns, columns.indices), uniquingKeysWith: { first, _ in first })
        values = [[RawValue]](repeating: [], count: columns.count)
    }

    /// - Parameter row: One value per column, in the columns' order.
    /// - Throws: `ServingError.width`.
    public mutating func append(_ row: [RawValue]) throws(ServingError) {
        guard row.count == columns.count else {
            throw .width(row: count, found: row.count, expected: columns)
        }
        for (column, value) in row.enumerated() { values[column].append(value) }
        count += 1
    }

    /// Appends a row. A column that it does not name is missing; other keys are ignored.
    public mutating func append(_ row: [String: RawValue]) {
        for (column, name) in columns.enumerated() { values[column].append(row[name] ?? .missing) }
        count += 1
    }

    /// Appends a line of JSON, an object of values by column. A column that it does not name is missing; other keys are
    /// ignored, whatever their values. A number keeps its digits, so that it gets the same id as in the log.
    ///
    /// - Parameter line: UTF-8.
    /// - Returns: Which columns it names.
    /// - Throws: `ServingError.line`; then nothing is appended.
    @discardableResult
    public mutating func append(json line: ArraySlice<UInt8>) throws(ServingError) -> [Bool] {
        var row = [RawValue?](repeating: nil, count: columns.count)
        do throws(JSONRow.Problem) {
            try JSONRow.read(
                line, wanted: { places[$0] != nil },
                found: { (name, value) throws(JSONRow.Problem) in
                    guard let column = places[name] else { return }
                    guard row[column] == nil else {
                        throw JSONRow.Problem(what: "it names column \(name.prefix(200)) twice")
                    }
                    row[column] = value
                })
        } catch {
            throw .line(row: count, error.what)
        }
        for column in columns.indices { values[column].append(row[column] ?? .missing) }
        count += 1
        return row.map { $0 != nil }
    }

    /// Removes the rows and keeps the memory.
    public mutating func removeAll() {
        for column in values.indices { values[column].removeAll(keepingCapacity: true) }
        count = 0
    }
}

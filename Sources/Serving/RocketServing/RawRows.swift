/// Raw values of several columns for many rows, stored column by column.
public struct RawRows: Sendable {
    public let columns: [String]
    /// `[columns][rows]`
    public private(set) var values: [[RawValue]]
    public private(set) var count = 0
    private let names: RowNames

    /// - Parameter unknownColumns: What is done with other names than the columns, and with rows that name no column.
    ///   `Ranker.emptyRows()` makes rows that know more: columns of the log that no feature reads are no mistake.
    public init(columns: [String], unknownColumns: UnknownColumns = .refused) {
        self.init(RowNames(columns, unknown: unknownColumns))
    }

    init(_ names: RowNames) {
        self.names = names
        columns = names.columns
        values = [[RawValue]](repeating: [], count: names.columns.count)
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

    /// Appends a row. A column that it does not name is missing.
    ///
    /// - Throws: `ServingError.unknownName`, `.misplacedColumn`, `.noColumns`; then nothing is appended.
    public mutating func append(_ row: [String: RawValue]) throws(ServingError) {
        for (column, value) in try names.values(of: row, row: count).enumerated() { values[column].append(value) }
        count += 1
    }

    /// Appends a row whose columns are all missing, which keeps the place of one that cannot be read.
    mutating func appendMissing() {
        for column in columns.indices { values[column].append(.missing) }
        count += 1
    }

    /// Appends a line of JSON, an object of values by column. A column that it does not name is missing. A number keeps
    /// its digits, so that it gets the same id as in the log.
    ///
    /// - Parameter line: UTF-8.
    /// - Returns: Which columns it names.
    /// - Throws: `ServingError.line`, `.unknownName`, `.misplacedColumn`, `.noColumns`; then nothing is appended.
    @discardableResult
    public mutating func append(json line: ArraySlice<UInt8>) throws(ServingError) -> [Bool] {
        let read: Result<[RawValue?], ServingError>
        do throws(JSONRow.Problem) {
            read = try JSONRow.parse(line) { row throws(JSONRow.Problem) in try names.read(&row, number: count) }
        } catch {
            throw .line(row: count, error.what)
        }
        let row = try read.get()
        append(read: row)
        return row.map { $0 != nil }
    }

    /// Appends a row that has been read.
    mutating func append(read row: [RawValue?]) {
        for column in columns.indices { values[column].append(row[column] ?? .missing) }
        count += 1
    }

    /// Removes the rows and keeps the memory.
    public mutating func removeAll() {
        for column in values.indices { values[column].removeAll(keepingCapacity: true) }
        count = 0
    }
}

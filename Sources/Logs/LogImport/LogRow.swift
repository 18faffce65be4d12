import AdLogs

/// A row of any format, as it goes into the log tables.
public struct LogRow: Equatable, Sendable {
    public var id: String
    /// Microseconds since 1970; nil where the format has no time and rows are spread over days.
    public var time: Int64?
    public var user: String?
    /// In the order of the format's columns.
    public var values: [Cell]
    public var click: Click

    public enum Cell: Equatable, Sendable {
        case null
        case text(String)
        case double(Double)
        case texts([String])
    }

    public enum Click: Equatable, Sendable {
        case none
        /// The format says only that there was one.
        case atImpression
        /// Microseconds since 1970.
        case at(Int64)
    }

    public init(id: String, time: Int64?, user: String?, values: [Cell], click: Click) {
        self.id = id
        self.time = time
        self.user = user
        self.values = values
        self.click = click
    }
}

/// What is wrong with one row; it goes to the quarantine with this reason.
public struct RowProblem: Error, Equatable, Sendable {
    public var reason: String

    public init(_ reason: String) {
        self.reason = reason
    }
}

/// How a file's records become rows. Made for one file, from its header.
public protocol RowFormat {
    /// Columns besides id, time and user.
    var columns: [LogColumn] { get }
    /// False when rows have no time and are spread over days.
    var hasTime: Bool { get }
    /// The id of the record's impression, where the format has one and it can be read; for rows that are rejected.
    func id(_ record: FileRecord) -> String?
    /// - Throws: `RowProblem`.
    func row(_ record: FileRecord) throws(RowProblem) -> LogRow
}

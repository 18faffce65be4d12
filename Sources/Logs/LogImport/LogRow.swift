import AdLogs

/// A row of any format, as written to the log tables.
public struct LogRow: Equatable, Sendable {
    public var id: String
    /// Microseconds since 1970; nil if the format has no time and rows are spread over days.
    public var time: Int64?
    public var user: String?
    /// Values in the order of the format's columns.
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
        /// The format only says that there was a click.
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

/// The reason why one row is rejected; the row goes to the quarantine with it.
public struct RowProblem: Error, Equatable, Sendable {
    public var reason: String

    public init(_ reason: String) {
        self.reason = reason
    }
}

/// A conversion of a file's records to rows. Made for one file, from its header.
public protocol RowFormat {
    /// Columns besides id, time and user.
    var columns: [LogColumn] { get }
    /// Whether rows have a time; if not, they are spread over days.
    var hasTime: Bool { get }
    /// Returns the id of a record's impression, if the format has one and it can be read; for rejected rows.
    func id(_ record: FileRecord) -> String?
    /// - Throws: `RowProblem`.
    func row(_ record: FileRecord) throws(RowProblem) -> LogRow
}

import Names

/// A view that gives the times of a log their zone, and the indexes by which a day's rows are found through it.
///
/// View and index have the same expression: without the index, every day reads the whole table.
public struct ZonedView: Equatable, Sendable {
    /// The relation whose times have no zone, `schema.table`.
    public let table: String
    public private(set) var columns: [Column]
    /// Whether it is partitioned: its index cannot be made without blocking writers.
    var isPartitioned = false
    /// Whether it is a view itself: the index belongs to the table below it.
    var isView = false

    /// A time without a zone.
    public struct Column: Equatable, Sendable {
        public let name: String
        let isDate: Bool

        public init(name: String, isDate: Bool) {
            self.name = name
            self.isDate = isDate
        }
    }

    public init(table: String, columns: [Column], isPartitioned: Bool = false, isView: Bool = false) {
        self.table = table
        self.columns = columns
        self.isPartitioned = isPartitioned
        self.isView = isView
    }

    /// Adds times that the view does not have yet: one view gives all times of a table their zone.
    public mutating func add(_ more: [Column]) {
        columns += more.filter { !columns.contains($0) }
    }

    /// What is wrong with the times.
    public var complaint: String {
        columns.map { column in
            let type = column.isDate ? "date" : "timestamp without time zone"
            return "\(column.name) of \(table) has type \(type), which without a zone is no moment"
        }.joined(separator: "; ")
    }

    /// The view's name, as a job file has it.
    public var name: String {
        let parts = SQLName.parts(table) ?? [table]
        let names = parts.dropLast() + [(parts.last ?? "") + "_utc"]
        return SQLName.relation(names.map(SQLName.quoted).joined(separator: "."))
    }

    /// The view's columns with the times.
    public var times: [String] { columns.map(Self.time) }

    private static func time(_ column: Column) -> String { column.name + "_utc" }

    /// The statements to paste, one a line. ‘UTC’ stands for the zone in which the times were written.
    public var statements: [String] {
        let relation = SQLName.quotedRelation(table)
        let moments = columns.map { column in
            "\(SQLName.quoted(column.name))\(column.isDate ? "::timestamp" : "") AT TIME ZONE 'UTC'"
        }
        let selected = zip(moments, columns).map { "\($0) AS \(SQLName.quoted(Self.time($1)))" }
        let view =
            "CREATE VIEW \(SQLName.quotedRelation(name)) AS SELECT *, \(selected.joined(separator: ", ")) FROM \(relation);"
        if isView { return [view] }
        return [view]
            + moments.map { "CREATE INDEX \(isPartitioned ? "" : "CONCURRENTLY ")ON \(relation) ((\($0)));" }
            + ["ANALYZE \(relation);"]
    }
}

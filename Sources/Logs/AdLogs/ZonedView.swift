import Names

/// A view that gives the times of a log their zone, and the index by which a day's rows are found through it.
///
/// Both have the same expression: without the index, every day reads the whole table.
public struct ZonedView: Sendable {
    /// The relation whose times have no zone, `schema.table`.
    let table: String
    let column: String
    let isDate: Bool
    /// Whether it is partitioned: its index cannot be made without blocking writers.
    var isPartitioned = false
    /// Whether it is a view itself: the index belongs to the table below it.
    var isView = false

    public init(table: String, column: String, isDate: Bool, isPartitioned: Bool = false, isView: Bool = false) {
        self.table = table
        self.column = column
        self.isDate = isDate
        self.isPartitioned = isPartitioned
        self.isView = isView
    }

    /// What is wrong with the time.
    public var complaint: String {
        "\(column) of \(table) has type \(isDate ? "date" : "timestamp without time zone"), which without a zone is no moment"
    }

    /// The view's name, as a job file has it.
    public var name: String {
        let parts = SQLName.parts(table) ?? [table]
        let names = parts.dropLast() + [(parts.last ?? "") + "_utc"]
        return SQLName.relation(names.map(SQLName.quoted).joined(separator: "."))
    }

    /// The view's column with the time.
    public var time: String { column + "_utc" }

    /// The statements to paste, one a line. ‘UTC’ stands for the zone in which the times were written.
    public var statements: [String] {
        let relation = SQLName.quotedRelation(table)
        let moment = "\(SQLName.quoted(column))\(isDate ? "::timestamp" : "") AT TIME ZONE 'UTC'"
        let view =
            "CREATE VIEW \(SQLName.quotedRelation(name)) AS SELECT *, \(moment) AS \(SQLName.quoted(time)) FROM \(relation);"
        if isView { return [view] }
        return [
            view, "CREATE INDEX \(isPartitioned ? "" : "CONCURRENTLY ")ON \(relation) ((\(moment)));",
            "ANALYZE \(relation);",
        ]
    }
}

import Days
import Postgres

/// A pair of log tables that `rocket import` and `rocket sample-logs` write into: `ad_log.impressions` and
/// `ad_log.clicks`, or a separate pair per data set, made the same way.
///
/// The job itself reads any table that its job file names; this type only describes tables that this program fills.
public struct LogTables: Hashable, Sendable {
    /// Table names without the schema, which is always `ad_log`.
    private let impressionsName: String
    private let clicksName: String

    /// - Parameter prefix: Nil for the standard pair; `"amexpert"` for `ad_log.amexpert_impressions` and
    ///   `ad_log.amexpert_clicks`.
    public init(prefix: String? = nil) {
        impressionsName = prefix.map { "\($0)_impressions" } ?? "impressions"
        clicksName = prefix.map { "\($0)_clicks" } ?? "clicks"
    }

    /// The longest name in PostgreSQL, in bytes; a longer one would be cut silently, and two names could become one.
    public static let longestName = 63

    /// The longest prefix in bytes that leaves the day partitions' names, `<prefix>_impressions_20260105`, whole.
    public static let longestPrefix = longestName - "_impressions_20260105".utf8.count

    /// `schema.table`, unquoted.
    public var impressions: String { "ad_log.\(impressionsName)" }
    /// `schema.table`, unquoted.
    public var clicks: String { "ad_log.\(clicksName)" }

    /// Prepares the tables for rows: creates a missing pair, missing columns of the impressions and missing day
    /// partitions (UTC). Safe to repeat; inside a transaction it is undone with it.
    ///
    /// - Parameters:
    ///   - days: UTC days of the impressions. Clicks get the same days; call again for days on which clicks fall later.
    /// - Throws: `AdLogError.columnType` if a column exists with another type; `PostgresError`.
    public func prepare(columns: [LogColumn], days: ClosedRange<Day>?, on connection: Connection) throws {
        try connection.execute(
            "SELECT ad_log.ensure_log_tables($1, $2)", [.text(impressionsName), .text(clicksName)])
        try addMissing(columns, on: connection)
        if let days {
            try ensurePartitions(of: impressions, days: days, on: connection)
            try ensurePartitions(of: clicks, days: days, on: connection)
        }
    }

    /// Creates the click table's missing day partitions, for clicks that fall on days without impressions.
    public func prepareClicks(days: ClosedRange<Day>, on connection: Connection) throws {
        try ensurePartitions(of: clicks, days: days, on: connection)
    }

    private func ensurePartitions(of table: String, days: ClosedRange<Day>, on connection: Connection) throws {
        try connection.execute(
            "SELECT ad_log.ensure_day_partitions($1::text::regclass, $2, $3)",
            [
                .text(try connection.quoteRelation(table)), .day(days.lowerBound), .day(days.upperBound),
            ])
    }

    private func addMissing(_ columns: [LogColumn], on connection: Connection) throws {
        let present = try connection.columns(of: impressions)
        let relation = try connection.quoteRelation(impressions)
        for column in columns {
            if let type = present[column.name] {
                guard type == column.type.rawValue else {
                    throw AdLogError.columnType(
                        table: impressions, column: column.name, found: type, expected: column.type.rawValue)
                }
                continue
            }
            let name = try connection.quoteIdentifier(column.name)
            try connection.script(
                """
                ALTER TABLE \(relation) ADD COLUMN \(name) \(column.type.rawValue);
                COMMENT ON COLUMN \(relation).\(name) IS \(try connection.quoteLiteral(column.comment));
                """)
        }
    }
}

/// A feature column of an impressions table.
public struct LogColumn: Hashable, Sendable {
    public var name: String
    public var type: SQLType
    /// The column's comment in the database.
    public var comment: String

    public init(name: String, type: SQLType, comment: String) {
        self.name = name
        self.type = type
        self.comment = comment
    }

    /// A type whose raw value is the name that PostgreSQL's `format_type` gives it.
    public enum SQLType: String, Sendable {
        case text
        case textArray = "text[]"
        case bigint
        case doublePrecision = "double precision"
    }
}

extension Connection {
    /// Reads the names and types (as `format_type` writes them) of a table's or view's columns; empty if there is no
    /// such relation.
    public func columns(of relation: String) throws -> [String: String] {
        let rows = try execute(
            """
            SELECT a.attname, format_type(a.atttypid, NULL) AS type
            FROM pg_attribute a
            WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
            """, [.text(try quoteRelation(relation))])
        var types: [String: String] = [:]
        for row in rows {
            types[try row.text("attname")] = try row.text("type")
        }
        return types
    }
}

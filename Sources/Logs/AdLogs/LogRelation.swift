import Postgres

/// A table or view of the logs as SQL, every name quoted. Each part is qualified with its alias: a log may have columns
/// with any name, including those of the surrounding statement.
struct LogRelation: Sendable {
    /// The name as the job file has it.
    let table: String
    private let relation, timeColumn: String
    private let conditions: [(column: String, values: [String])]

    init(_ impressions: LogSource.Impressions, on connection: Connection) throws {
        try self.init(impressions.table, impressions.time, impressions.conditions, on: connection)
    }

    init(_ clicks: LogSource.Clicks, on connection: Connection) throws {
        try self.init(clicks.table, clicks.time, clicks.conditions, on: connection)
    }

    private init(_ table: String, _ time: String, _ conditions: [RowCondition], on connection: Connection) throws {
        self.table = table
        relation = try connection.quoteRelation(table)
        timeColumn = try connection.quoteIdentifier(time)
        self.conditions = try conditions.map { condition in
            (
                try connection.quoteIdentifier(condition.column),
                try condition.values.map { try connection.quoteLiteral($0) }
            )
        }
    }

    /// Returns the relation under an alias, for `FROM`; `condition` goes with it.
    func from(_ alias: String) -> String { "\(relation) AS \(alias)" }

    func time(_ alias: String) -> String { "\(alias).\(timeColumn)" }

    /// Returns the condition that a row of the relation belongs to the log. Literals have no type here, so that each is
    /// read as the column's type, whatever that is.
    func condition(_ alias: String) -> String {
        guard !conditions.isEmpty else { return "true" }
        return conditions.map { "\(alias).\($0.column) IN (\($0.values.joined(separator: ", ")))" }
            .joined(separator: " AND ")
    }
}

extension LogSource {
    /// Returns the `FROM` clause and condition of the impressions under an alias, for statements of other modules.
    ///
    /// - Returns: SQL of the relation (`"ad_log"."impressions" AS i`), of the time column (`i."at"`), and of the
    ///   condition that a row is an impression (`true` if all are).
    /// - Throws: `PostgresError`.
    public func impressions(as alias: String, on connection: Connection) throws -> ImpressionSQL {
        let relation = try LogRelation(impressions, on: connection)
        return ImpressionSQL(
            relation: relation.from(alias), time: relation.time(alias), condition: relation.condition(alias))
    }
}

/// The impressions of a log as parts of a statement, all quoted.
public struct ImpressionSQL: Sendable {
    /// The relation for `FROM`, with its alias.
    public let relation: String
    /// The time column, qualified.
    public let time: String
    /// The condition that a row is an impression, qualified.
    public let condition: String
}

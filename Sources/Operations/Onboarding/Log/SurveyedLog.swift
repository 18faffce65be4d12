import AdLogs
import Postgres

/// The rows of a table that are impressions, or those that are clicks.
struct SurveyedLog: Sendable {
    var table: SurveyedTable
    /// What tells them from the table's other rows; none: every row is one.
    var conditions: [RowCondition] = []

    /// The relation under an alias, for `FROM`.
    func from(_ alias: String, on connection: Connection) throws -> String {
        "\(try connection.quoteRelation(table.name)) \(alias)"
    }

    /// The condition that a row belongs to the log.
    func condition(_ alias: String, on connection: Connection) throws -> String {
        try conditions.sql(alias, on: connection)
    }
}

/// The columns that name an impression together: one, or some that no other row has together.
struct SurveyedKey: Equatable, Sendable {
    var columns: [SurveyedColumn]

    init(_ columns: [SurveyedColumn]) { self.columns = columns }

    var names: [String] { columns.map(\.name) }
    /// As the job file has it: `id`, `[request_id, position]`.
    var description: String { LogKey(columns: names).description }

    /// How the server is asked for the key.
    struct SQL {
        /// The value as it is sent, and what its bytes mean.
        let sent: String
        let form: WireForm
        /// The value's text.
        let text: String
        /// That the row has a key.
        let isPresent: String
    }

    func sql(_ alias: String, on connection: Connection) throws -> SQL {
        let names = try columns.map { "\(alias).\(try connection.quoteIdentifier($0.name))" }
        let isPresent = names.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
        guard names.count == 1 else {
            let texts = names.map { "\($0)::text" }.joined(separator: ", ")
            let text = "pg_catalog.jsonb_build_array(\(texts))::text"
            return SQL(sent: text, form: .text, text: text, isPresent: isPresent)
        }
        let form = WireForm(type: columns[0].type).flatMap { $0 == .float ? nil : $0 }
        return SQL(
            sent: form == nil ? "\(names[0])::text" : names[0], form: form ?? .text, text: "\(names[0])::text",
            isPresent: isPresent)
    }
}

import AdLogs
import Postgres

/// Some clicks, by which it is found out which columns name their impressions.
struct ClickSample: Sendable {
    /// One per row: its values as text, by the names of the columns; nil for NULL.
    private var values: [String: [String?]] = [:]
    /// As the server writes them.
    private(set) var times: [String] = []

    /// Which clicks.
    enum Choice {
        /// Those with the lowest hashes of their values, of the whole time.
        case spread
        /// The newest, for logs that cannot be read whole in time.
        case newest
    }

    private static let most = 1_000
    /// Columns whose values decide which clicks are taken.
    private static let mostHashed = 4

    var count: Int { times.count }

    /// Nil where reading takes too long.
    ///
    /// - Throws: `PostgresError`.
    init?(
        _ clicks: SurveyedLog, time: SurveyedColumn, _ columns: [SurveyedColumn], _ choice: Choice, milliseconds: Int,
        on connection: Connection
    ) throws {
        let at = "k.\(try connection.quoteIdentifier(time.name))"
        let names = try columns.map { "k.\(try connection.quoteIdentifier($0.name))::text" }
        let hashed = (names.prefix(Self.mostHashed) + ["\(at)::text"]).joined(separator: ", ' ', ")
        let order =
            switch choice {
            case .spread: "pg_catalog.hashtextextended(pg_catalog.concat(\(hashed)), 0::bigint)"
            case .newest: "\(at) DESC"
            }
        let selected = (names + ["\(at)::text"]).enumerated().map { "\($1) AS c\($0)" }.joined(separator: ", ")
        let rows = try connection.within(milliseconds: milliseconds, [.scansFromStart, .oneProcess]) { connection in
            try connection.execute(
                """
                SELECT \(selected) FROM \(try clicks.from("k", on: connection))
                WHERE \(at) >= '\(LogExtent.times.first)' AND \(at) < '\(LogExtent.times.end)'
                  AND \(try clicks.condition("k", on: connection))
                ORDER BY \(order) LIMIT \(Self.most)
                """)
        }
        guard let rows else { return nil }
        for row in rows {
            for (position, column) in columns.enumerated() {
                values[column.name, default: []].append(try row.textOrNil("c\(position)"))
            }
            times.append(try row.text("c\(columns.count)"))
        }
    }

    /// A column's values as the text of an array.
    func array(of column: SurveyedColumn) -> String { ArrayText.of(values[column.name] ?? []) }

    /// Whether a column could name impressions: most of an impression's columns have fewer values, and are the same for
    /// many clicks.
    func couldName(_ column: SurveyedColumn) -> Bool {
        let present = (values[column.name] ?? []).compactMap { $0 }
        if count < 50 { return count == 0 || !present.isEmpty }
        return 10 * present.count >= count && 2 * Set(present).count >= present.count
    }
}

/// Lists of texts as PostgreSQL reads them.
enum ArrayText {
    /// `{"a","b",NULL}`
    static func of(_ texts: [String?]) -> String {
        let items = texts.map { text in
            text.map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" } ?? "NULL"
        }
        return "{" + items.joined(separator: ",") + "}"
    }
}

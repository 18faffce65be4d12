import Foundation
import Postgres

/// Some rows of the impressions with their first click: what a first job file is made from.
struct LogSample {
    var profiles: [ColumnProfile]
    var rows: Int
    var clicks: Int
    /// From impression to first click, seconds, ascending.
    var delays: [Double]
    /// Days (UTC) of the sample, in order.
    var days: [String]
    /// Whether the sample is the table.
    var isWhole: Bool

    /// Enough to see values of one row in a thousand.
    private static let rowsWanted = 30_000

    /// Reads the sample in one statement, which writes nothing.
    init(_ search: SourceSearch, _ source: SourceProposal) throws {
        let connection = search.connection
        let table = search.impressions
        let columns = table.columns.filter {
            $0.name != source.impressionID.name && $0.name != source.impressionTime.name && $0.family != .document
        }
        let rows = try connection.execute(try Self.statement(search, source, columns))
        isWhole = rows.count < 2 * Self.rowsWanted && !Self.isSampled(table)
        self.rows = rows.count
        let delays = try rows.map { try $0.doubleOrNil("delay") }
        self.delays = delays.compactMap { $0 }.sorted()
        days = Set(try rows.map { try $0.text("day") }).sorted()
        let clicked = delays.map { $0 != nil }
        clicks = self.delays.count
        let total = isWhole ? rows.count : max(table.rows, rows.count)
        profiles = try columns.enumerated().map { number, column in
            let values = try rows.map { try $0.textOrNil("c\(number)") }
            return ColumnProfile(
                column, values: values, elements: column.family == .array ? Self.elements(values) : nil, clicked: clicked,
                tableRows: total)
        }
    }

    /// The time within which nearly all of the sample's clicks came, rounded up to what a person would write; nil where
    /// they are too few to tell.
    var attributionWindow: (seconds: Int, text: String)? {
        guard delays.count >= 50 else { return nil }
        let last = delays[min(delays.count - 1, Int(0.99 * Double(delays.count)))]
        return Self.windows.first { Double($0.seconds) > last } ?? Self.windows.last
    }

    private static let windows: [(seconds: Int, text: String)] = [
        (60, "1m"), (300, "5m"), (600, "10m"), (900, "15m"), (1_800, "30m"), (3_600, "1h"), (7_200, "2h"), (10_800, "3h"),
        (21_600, "6h"), (43_200, "12h"), (86_400, "24h"), (172_800, "2d"), (259_200, "3d"), (604_800, "7d"),
        (1_209_600, "14d"), (2_592_000, "30d"),
    ]

    private static func isSampled(_ table: SurveyedTable) -> Bool {
        table.canBeSampled && table.rows > 2 * rowsWanted
    }

    private static func statement(
        _ search: SourceSearch, _ source: SourceProposal, _ columns: [SurveyedColumn]
    ) throws -> String {
        let connection = search.connection
        let table = search.impressions
        let time = "s.\(try connection.quoteIdentifier(source.impressionTime.name))"
        let clickTime = "c.\(try connection.quoteIdentifier(source.clickTime.name))"
        let clicks = try connection.quoteRelation(search.clicks.name)
        let values = try columns.enumerated().map { number, column in
            let name = "s.\(try connection.quoteIdentifier(column.name))"
            return column.family == .array
                ? "array_to_json(\(name)::text[])::text AS c\(number)" : "left(\(name)::text, 200) AS c\(number)"
        }
        let share = 100 * Double(rowsWanted) / Double(max(1, table.rows))
        let sampled = isSampled(table) ? " TABLESAMPLE SYSTEM (\(share)) REPEATABLE (1)" : ""
        let joined: String
        if source.clickImpression.leadsIndex, source.clickImpression.family == source.impressionID.family {
            joined = """
                LEFT JOIN LATERAL (
                    SELECT min(extract(epoch FROM \(clickTime) - \(time))) AS delay FROM \(clicks) c
                    WHERE \(try search.equality("c", source.clickImpression, "s", source.impressionID))
                      AND \(clickTime) >= \(time)) k ON true
                """
        } else {
            if search.clicks.rows > SourceSearch.large {
                search.notice(
                    "no index of \(search.clicks.name) begins with \(source.clickImpression.name): reading all of about "
                        + "\(search.clicks.rows) rows")
            }
            joined = """
                LEFT JOIN (
                    SELECT s.rocket_row, min(extract(epoch FROM \(clickTime) - \(time))) AS delay
                    FROM s JOIN \(clicks) c
                        ON \(try search.equality("c", source.clickImpression, "s", source.impressionID))
                    WHERE \(clickTime) >= \(time) GROUP BY s.rocket_row) k ON k.rocket_row = s.rocket_row
                """
        }
        return """
            WITH s AS MATERIALIZED (
                SELECT *, row_number() OVER () AS rocket_row
                FROM (SELECT * FROM \(try connection.quoteRelation(table.name))\(sampled) LIMIT \(2 * rowsWanted)) r)
            SELECT \(values.map { "\($0), " }.joined())k.delay::float8 AS delay,
                   to_char(\(time) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day
            FROM s \(joined)
            WHERE \(time) IS NOT NULL
            ORDER BY s.rocket_row
            """
    }

    private static func elements(_ values: [String?]) -> [String] {
        let decoder = JSONDecoder()
        return values.flatMap { value -> [String] in
            guard let value else { return [] }
            return ((try? decoder.decode([String?].self, from: Data(value.utf8))) ?? []).compactMap { $0 }
        }
    }
}

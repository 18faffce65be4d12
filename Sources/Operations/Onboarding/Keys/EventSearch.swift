import AdLogs
import Postgres

/// Tells the impressions and clicks of one table apart, by the column that says what kind of event a row is.
struct EventSearch {
    let search: SourceSearch

    /// A column's values with their rows.
    private typealias Values = [(text: String, rows: Int?)]

    /// Columns whose values are read.
    private static let mostTried = 6
    /// Kinds of events that one column may have, as far as its first rows say.
    private static let mostKinds = 50

    /// - Throws: `JobDraftError.oneTable`, `PostgresError`.
    func split(_ source: inout SourceProposal, _ remarks: inout [String]) throws {
        search.notice("looking for the kinds of events in \(table.name)")
        let (columns, areAll) = try candidates(source)
        var coded: (column: SurveyedColumn, values: Values)?
        var unknown: [String] = []
        for column in columns.prefix(Self.mostTried) {
            guard let values = try values(of: column) else {
                unknown.append(column.name)
                continue
            }
            if values.contains(where: { $0.rows == nil }) { unknown.append(column.name) }
            if let (shown, clicked) = Self.named(values, of: column) {
                return choose(column, shown, clicked, values, &source, &remarks)
            }
            // Without numbers of rows nothing says which of them is the commonest.
            if coded == nil, Self.saysEvent(column), !values.contains(where: { $0.rows == nil }),
                (2...6).contains(values.count)
            {
                coded = (column, values)
            }
        }
        guard let (column, values) = coded else {
            throw JobDraftError.oneTable(
                table: table.name, columns: columns.map(\.name), unknown: unknown, areAll: areAll,
                limit: Connection.limit(
                    max(search.limits.countMilliseconds, areAll ? 0 : search.limits.statementMilliseconds)))
        }
        // Impressions are the commonest event, and clicks the next.
        choose(column, values[0].text, values[1].text, values, &source, &remarks)
        remarks.append(
            "that ‘\(values[0].text)’ are impressions and ‘\(values[1].text)’ clicks is guessed by their numbers: where it is "
                + "wrong, --impressions-where \(column.name)=… --clicks-where \(column.name)=…")
    }

    private var table: SurveyedTable { search.impressions }
    private var connection: Connection { search.connection }

    private func choose(
        _ column: SurveyedColumn, _ shown: String, _ clicked: String, _ values: Values, _ source: inout SourceProposal,
        _ remarks: inout [String]
    ) {
        source.impressions.conditions = [RowCondition(column: column.name, values: [shown])]
        source.clicks.conditions = [RowCondition(column: column.name, values: [clicked])]
        func told(_ value: String) -> String {
            let rows = values.first { $0.text == value }?.rows
            return "‘\(value)’" + (rows.map { " (\($0) rows)" } ?? "")
        }
        if values.contains(where: { $0.rows == nil }) {
            remarks.append(
                "how many rows of \(table.name) have each \(column.name) is not known: counting took longer than "
                    + "\(Connection.limit(search.limits.countMilliseconds))")
        }
        let others = values.map(\.text).filter { $0 != shown && $0 != clicked }
        remarks.append(
            "\(table.name) holds both events: \(column.name) is \(told(shown)) of impressions and \(told(clicked)) of clicks"
                + (others.isEmpty ? "" : "; other rows are not used: \(others.prefix(5).joined(separator: ", "))"))
    }

    // MARK: Columns

    /// Columns of few values, those first that say by type and name that they hold the kind of event; `areAll`: whether
    /// it is known which columns have few values.
    private func candidates(_ source: SourceProposal) throws -> (columns: [SurveyedColumn], areAll: Bool) {
        let counts = try FirstRows(source, on: connection, milliseconds: search.limits.statementMilliseconds)
        func score(_ column: SurveyedColumn) -> Int {
            (column.resolvedType == "enum" ? 2 : 0) + (Self.saysEvent(column) ? 3 : 0)
                + (Self.isFlag(column) ? 2 : 0)
        }
        let few = table.columns.filter { column in
            if !column.isNameable || column.isUnique || column.rightLacking != nil { return false }
            if column.resolvedType == "enum" || Self.isFlag(column) { return true }
            guard [.text, .integer].contains(column.family) else { return false }
            return counts.values(of: column).map { $0 <= Self.mostKinds } ?? Self.saysEvent(column)
        }
        let ranked = few.enumerated().map { (score: score($1), position: $0, column: $1) }
        let sorted = ranked.sorted { $0.score != $1.score ? $0.score > $1.score : $0.position < $1.position }
        return (sorted.map(\.column), !counts.areUnknown)
    }

    private static func saysEvent(_ column: SurveyedColumn) -> Bool {
        !Set(["event", "type", "kind", "action", "interaction", "activity"]).isDisjoint(with: column.words)
    }

    /// `is_click`
    private static func isFlag(_ column: SurveyedColumn) -> Bool {
        column.family == .boolean && !clicks.isDisjoint(with: column.words)
    }

    /// The values with their rows, the commonest first; of an enumeration that cannot be read in time, its labels.
    private func values(of column: SurveyedColumn) throws -> Values? {
        let name = "i.\(try connection.quoteIdentifier(column.name))"
        let rows = try connection.within(milliseconds: search.limits.countMilliseconds) { connection in
            try connection.execute(
                """
                SELECT v.value::text AS value, v.rows FROM (
                    SELECT \(name) AS value, pg_catalog.count(*) AS rows FROM \(try connection.quoteRelation(table.name)) i
                    WHERE \(name) IS NOT NULL GROUP BY 1) v
                ORDER BY v.rows DESC, 1 LIMIT \(Self.mostKinds)
                """)
        }
        if let rows { return try rows.map { (try $0.text("value"), try $0.int("rows")) } }
        guard column.resolvedType == "enum" else { return nil }
        return try connection.execute(
            """
            SELECT e.enumlabel::text AS value FROM pg_catalog.pg_attribute a
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            JOIN pg_catalog.pg_enum e ON e.enumtypid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
            WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = $2 ORDER BY e.enumsortorder
            """, [.text(try connection.quoteRelation(table.name)), .text(column.name)]
        ).map { (try $0.text("value"), nil) }
    }

    // MARK: Values

    private static let clicks: Set = ["click", "clicked", "clicks", "clk", "tap", "tapped", "taps"]
    /// The better names of an impression come first.
    private static let impressions: [Set<String>] = [
        ["impression", "impressions", "imp", "imps", "impr"], ["view", "viewed", "views"],
        [
            "show", "shown", "shows", "display", "displayed", "serve", "served", "seen", "render", "rendered",
            "exposure",
        ],
    ]

    /// The values that are named after an impression and after a click.
    private static func named(_ values: Values, of column: SurveyedColumn) -> (shown: String, clicked: String)? {
        if isFlag(column) {
            let texts = Set(values.map(\.text))
            return texts == ["true", "false"] ? ("false", "true") : nil
        }
        let clicked = best(values) { !clicks.isDisjoint(with: $0) }
        guard let clicked else { return nil }
        for names in impressions {
            let shown = best(values) { !names.isDisjoint(with: $0) && clicks.isDisjoint(with: $0) }
            if let shown { return (shown, clicked) }
        }
        return nil
    }

    /// Of the values whose words meet a condition, the one of the fewest words, then of the most rows.
    private static func best(_ values: Values, _ isMeant: (Set<String>) -> Bool) -> String? {
        var best: (text: String, words: Int, rows: Int)?
        for (text, rows) in values {
            let words = Set(SurveyedColumn(name: text, type: "").words)
            guard isMeant(words) else { continue }
            let isBetter = best.map { words.count != $0.words ? words.count < $0.words : (rows ?? 0) > $0.rows } ?? true
            if isBetter { best = (text, words.count, rows ?? 0) }
        }
        return best?.text
    }
}

import Postgres

/// The statements that attribution runs on the server for the impressions of a time range. The client joins clicks to
/// impressions; the server only reads, in the order of the time index.
///
/// The rules: a click belongs to the newest impression with its id that is not after it, and labels it if it is the
/// first click within the window. If two impressions share that newest time, neither is labelled. NULL and the empty
/// text are not ids.
///
/// Every value in the SQL is quoted by libpq, because `COPY` takes no parameters, and every name is qualified, because
/// a log may have columns of any name.
public struct Attribution: Sendable {
    private let source: LogSource
    private let impressions, clicks: LogRelation
    /// The columns of the id, and of the clicks' reference to it, in the order of the job file.
    private let id, reference: [KeyColumn]

    /// Looks up the columns' types.
    ///
    /// - Throws: `AdLogError.noRelation`, `.noColumn`, `.idType`; `PostgresError`.
    public init(_ source: LogSource, on connection: Connection) throws {
        self.source = source
        id = try KeyColumn.of(source.impressions.id, in: source.impressions.table, on: connection)
        reference = try KeyColumn.of(source.clicks.impressionID, in: source.clicks.table, on: connection)
        impressions = try LogRelation(source.impressions, on: connection)
        clicks = try LogRelation(source.clicks, on: connection)
    }

    /// The wire form of the impression's id in `impressions(in:selecting:breaksTies:)`.
    public var impressionIDForm: WireForm { Self.form(id) }
    /// The wire form of the id in `clicks(in:)`.
    var clickIDForm: WireForm { Self.form(reference) }

    /// Returns the `SELECT` of the range's impressions in time order. Columns: time, id, then one per given expression.
    ///
    /// - Parameters:
    ///   - expressions: SQL over the impressions' alias `i`, already quoted.
    ///   - breaksTies: Whether to sort also by the id's text, byte by byte. The client does so itself as long as few
    ///     impressions share a time, which saves the server a sort.
    public func impressions(
        in range: Range<Instant>, selecting expressions: [String], breaksTies: Bool
    ) -> String {
        let columns = ([impressions.time("i"), Self.sent(id, "i")] + expressions).joined(separator: ", ")
        let ties = breaksTies ? ", \(Self.text(id, "i")) COLLATE \"C\"" : ""
        return """
            SELECT \(columns) FROM \(impressions.from("i")) \
            WHERE \(within(range, impressions, "i")) AND \(impressions.condition("i")) \
            ORDER BY \(impressions.time("i"))\(ties)
            """
    }

    /// Returns the `SELECT` of the texts of the range's ids, as column `id`, in time order.
    func ids(in range: Range<Instant>) -> String {
        """
        SELECT \(Self.text(id, "i")) AS id FROM \(impressions.from("i"))
        WHERE \(within(range, impressions, "i")) AND \(impressions.condition("i")) AND \(Self.isPresent(id, "i"))
        ORDER BY \(impressions.time("i"))
        """
    }

    /// Returns the `SELECT` of the clicks that can count for impressions of the range. Columns: impression id, time.
    public func clicks(in range: Range<Instant>) -> String {
        let range = range.lowerBound..<range.upperBound.advanced(bySeconds: source.attributionWindow.seconds)
        return """
            SELECT \(Self.sent(reference, "c")), \(clicks.time("c")) FROM \(clicks.from("c")) \
            WHERE \(within(range, clicks, "c")) AND \(clicks.condition("c"))
            """
    }

    /// Returns the `SELECT` that finds the impressions for clicks by their ids.
    ///
    /// Parameter `$1` is a JSON array of `{"id": [text, …], "at": microseconds}`. Columns: `n` (position from 1),
    /// `before` (time of the newest impression that is not after the click and at most `lookBackSeconds` before it,
    /// microseconds), `any` (whether there is one of those, or one up to a day after the click).
    ///
    /// - Parameter clicks: The range of the clicks' times.
    func newestImpressions(of clicks: Range<Instant>) -> String {
        let from = clicks.lowerBound.advanced(bySeconds: -lookBackSeconds)
        let to = clicks.upperBound.advanced(bySeconds: Self.lookAheadSeconds)
        let time = impressions.time("i")
        let matches = id.enumerated().map { $1.equals("e.id\($0)", "i") }.joined(separator: " AND ")
        let ids = id.indices.map { "a.value -> 'id' ->> \($0) AS id\($0)" }.joined(separator: ", ")
        // A join rather than a subquery per click, so that without an index on the id the log is read once.
        return """
            SELECT e.n, (extract(epoch FROM max(\(time)) FILTER (WHERE \(time) <= e.at)) * 1000000)::bigint AS before,
                   count(\(time)) > 0 AS any
            FROM (SELECT a.ordinality AS n, \(ids),
                         'epoch'::timestamptz + (a.value ->> 'at')::bigint * interval '1 microsecond' AS at
                  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS a (value, ordinality)) AS e
            LEFT JOIN \(impressions.from("i"))
                ON \(matches) AND \(within(from..<to, impressions, "i")) AND \(impressions.condition("i"))
                AND \(time) >= e.at - \(Self.interval(lookBackSeconds))
                AND \(time) <= e.at + \(Self.interval(Self.lookAheadSeconds))
            GROUP BY e.n ORDER BY e.n
            """
    }

    /// Reads what the range looks like now, to compare with what extraction saw: impressions, labelled impressions, and
    /// for both the sum of their times, which reveals an exchange that the counts hide.
    public func seen(in range: Range<Instant>, on connection: Connection) throws -> SeenLogs {
        let later = range.upperBound..<range.upperBound.advanced(bySeconds: source.attributionWindow.seconds)
        // The expressions by which each pair of columns is compared, as columns of the lists below.
        func keys(_ side: (KeyColumn, KeyColumn) -> String) -> [String] { zip(id, reference).map(side) }
        let shownKeys = keys { $0.pair("i", with: $1, "c").left }
        let clickKeys = keys { $0.pair("i", with: $1, "c").right }
        func named(_ expressions: [String]) -> String {
            expressions.enumerated().map { "\($1) AS k\($0)" }.joined(separator: ", ")
        }
        func equal(_ expressions: [String], _ alias: String) -> String {
            expressions.enumerated().map { "\($1) = \(alias).k\($0)" }.joined(separator: " AND ")
        }
        let names = id.indices.map { "k\($0)" }
        func of(_ alias: String, _ names: [String]) -> [String] { names.map { "\(alias).\($0)" } }
        func of(_ alias: String) -> String { of(alias, names).joined(separator: ", ") }
        let (shownAt, clickedAt) = (impressions.time("i"), clicks.time("c"))
        // Whole before they are added: extract returns a double before PostgreSQL 14, and sums of those are not exact.
        let microseconds = "(extract(epoch FROM at) * 1000000)::bigint"
        // The lists' names begin with rocket_: a table of the log may have any other.
        let row = try connection.execute(
            """
            WITH rocket_clicks AS MATERIALIZED (
                SELECT \(named(clickKeys)), \(clickedAt) AS at FROM \(clicks.from("c"))
                WHERE \(within(range.lowerBound..<later.upperBound, clicks, "c"))
                  AND \(clicks.condition("c")) AND \(Self.isPresent(reference, "c"))
            ), rocket_shown AS MATERIALIZED (
                SELECT \(named(shownKeys)), \(shownAt) AS at, count(*) AS copies,
                       lead(\(shownAt)) OVER (
                           PARTITION BY \(shownKeys.joined(separator: ", ")) ORDER BY \(shownAt)) AS next
                FROM \(impressions.from("i"))
                WHERE \(within(range, impressions, "i")) AND \(impressions.condition("i"))
                  AND EXISTS (SELECT FROM rocket_clicks WHERE \(equal(shownKeys, "rocket_clicks")))
                GROUP BY \(shownKeys.joined(separator: ", ")), \(shownAt)
            ), rocket_first AS MATERIALIZED (
                SELECT \(of("s")), s.at, min(e.at) AS click
                FROM rocket_shown s
                JOIN rocket_clicks e ON \(equal(of("s", names), "e"))
                    AND e.at >= s.at AND e.at < s.at + \(Self.interval(source.attributionWindow.seconds))
                    AND (s.next IS NULL OR e.at < s.next)
                WHERE s.copies = 1 GROUP BY \(of("s")), s.at
            ), rocket_later AS (
                SELECT \(named(shownKeys)), min(\(shownAt)) AS at
                FROM \(impressions.from("i"))
                WHERE \(within(later, impressions, "i")) AND \(impressions.condition("i"))
                  AND EXISTS (SELECT FROM rocket_first f
                              WHERE f.click >= \(literal(range.upperBound)) AND \(equal(shownKeys, "f")))
                GROUP BY \(shownKeys.joined(separator: ", "))
            ), rocket_labels AS (
                SELECT f.at FROM rocket_first f LEFT JOIN rocket_later n ON \(equal(of("f", names), "n"))
                WHERE n.at IS NULL OR n.at > f.click
            ), rocket_all AS (
                SELECT \(shownAt) AS at FROM \(impressions.from("i"))
                WHERE \(within(range, impressions, "i")) AND \(impressions.condition("i"))
                  AND \(Self.isPresent(id, "i")))
            SELECT a.impressions, (a.times % 1e15)::bigint AS impression_times, l.clicked,
                   (l.times % 1e15)::bigint AS clicked_times
            FROM (SELECT count(*) AS impressions, coalesce(sum(\(microseconds)), 0) AS times FROM rocket_all) AS a,
                 (SELECT count(*) AS clicked, coalesce(sum(\(microseconds)), 0) AS times FROM rocket_labels) AS l
            """
        ).first
        guard let row else { return SeenLogs() }
        return SeenLogs(
            impressions: try row.int("impressions"), impressionTimes: Int64(try row.int("impression_times")),
            clicked: try row.int("clicked"), clickedTimes: Int64(try row.int("clicked_times")))
    }

    /// How far before a click to look for an impression, to tell a late click from an orphan.
    public var lookBackSeconds: Int { max(7 * 86_400, source.attributionWindow.seconds + 86_400) }

    /// How far after a click to look for an impression, to tell an early click from an orphan.
    public static let lookAheadSeconds = 86_400

    var windowMicroseconds: Int64 { Int64(source.attributionWindow.seconds) * 1_000_000 }
    var windowSeconds: Int { source.attributionWindow.seconds }
    /// Whether ids have several columns; their text is then a JSON list of the columns' texts.
    var isComposite: Bool { id.count > 1 }

    private func within(_ range: Range<Instant>, _ relation: LogRelation, _ alias: String) -> String {
        let time = relation.time(alias)
        return "\(time) >= \(literal(range.lowerBound)) AND \(time) < \(literal(range.upperBound))"
    }

    private static func form(_ key: [KeyColumn]) -> WireForm { key.count == 1 ? key[0].form ?? .text : .text }

    /// Returns the SQL of the id as it is sent.
    private static func sent(_ key: [KeyColumn], _ alias: String) -> String {
        key.count == 1 && key[0].form != nil ? "\(alias).\(key[0].name)" : text(key, alias)
    }

    /// Returns the SQL of the id's text: the column's, or a JSON list of the columns' texts, NULL if any of them is not
    /// an id.
    private static func text(_ key: [KeyColumn], _ alias: String) -> String {
        if key.count == 1 { return key[0].text(alias) }
        let texts = key.map { $0.text(alias) }.joined(separator: ", ")
        return "CASE WHEN \(isPresent(key, alias)) THEN jsonb_build_array(\(texts))::text END"
    }

    private static func isPresent(_ key: [KeyColumn], _ alias: String) -> String {
        key.map { $0.isPresent(alias) }.joined(separator: " AND ")
    }

    private static func interval(_ seconds: Int) -> String { "make_interval(secs => \(seconds))" }

    /// Returns a literal of digits and punctuation only, which needs no quoting.
    private func literal(_ instant: Instant) -> String { "'\(instant)'::timestamptz" }
}

import Postgres

extension LogSource {
    /// Why impressions and clicks are the same rows, as far as their names tell; nil where they do not tell.
    ///
    /// Two times of one row, such as when an ad was shown and when it was clicked, are two events.
    public var sameRows: AdLogError? {
        guard impressions.table == clicks.table, impressions.time == clicks.time, !areApart else { return nil }
        func same(_ reason: String) -> AdLogError { .sameRows(table: impressions.table, reason: reason) }
        if impressions.conditions == clicks.conditions {
            return same(
                impressions.conditions.isEmpty
                    ? "no where: tells them apart" : "their where: are the same, so that every row is both")
        }
        if impressions.conditions.isEmpty {
            return same("the impressions have no where:, so that clicks are among them")
        }
        if impressions.id == clicks.impressionID {
            return same("\(impressions.id) is both id and reference, so that an impression is its own click")
        }
        return nil
    }

    /// Whether a column must have different values on both sides.
    private var areApart: Bool {
        impressions.conditions.contains { left in
            clicks.conditions.contains { right in
                left.column == right.column && Set(left.values).isDisjoint(with: right.values)
            }
        }
    }

    /// Counts the impressions that are clicked within the window, among the first ones that the server finds.
    ///
    /// - Throws: `AdLogError`, `PostgresError`.
    public func clickedSample(milliseconds: Int, on connection: Connection) throws -> ClickedSample {
        let counts = try connection.within(milliseconds: milliseconds, [.scansFromStart]) { try countClicked(on: $0) }
        guard let counts else { return .unknown(milliseconds: milliseconds) }
        return ClickedSample(rows: counts.rows, clicked: counts.clicked)
    }

    private func countClicked(on connection: Connection) throws -> (rows: Int, clicked: Int) {
        let id = try KeyColumn.of(impressions.id, in: impressions.table, on: connection)
        let reference = try KeyColumn.of(clicks.impressionID, in: clicks.table, on: connection)
        let (shown, clicked) = (
            try LogRelation(impressions, on: connection), try LogRelation(clicks, on: connection)
        )
        // The expressions by which each pair of columns is compared.
        let keys = zip(id, reference).map { $0.pair("i", with: $1, "c") }
        let named = keys.enumerated().map { "\($1.left) AS k\($0)" }.joined(separator: ", ")
        let equal = keys.enumerated().map { "\($1.right) = s.k\($0)" }.joined(separator: " AND ")
        let present = id.map { $0.isPresent("i") }.joined(separator: " AND ")
        let (shownAt, clickedAt) = (shown.time("i"), clicked.time("c"))
        let window = "make_interval(secs => \(attributionWindow.seconds))"
        let row = try connection.execute(
            """
            WITH rocket_shown AS MATERIALIZED (
                SELECT \(named), \(shownAt) AS at, row_number() OVER () AS n FROM \(shown.from("i"))
                WHERE \(shownAt) >= \(LogDays.firstTime) AND \(shownAt) < \(LogDays.endOfTimes)
                  AND \(shown.condition("i")) AND \(present)
                LIMIT \(Self.mostSample)
            )
            SELECT (SELECT count(*) FROM rocket_shown) AS rows, (
                SELECT count(DISTINCT s.n) FROM rocket_shown s JOIN \(clicked.from("c"))
                    ON \(equal) AND \(clickedAt) >= s.at AND \(clickedAt) < s.at + \(window)
                WHERE \(clicked.condition("c")) AND \(clickedAt) >= (SELECT min(at) FROM rocket_shown)
                  AND \(clickedAt) < (SELECT max(at) FROM rocket_shown) + \(window)) AS clicked
            """
        ).first
        return (try row?.int("rows") ?? 0, try row?.int("clicked") ?? 0)
    }

    private static let mostSample = 2_000
}

import Days
import Postgres

/// Joins clicks to impressions: an impression is clicked when at least one click on it falls within the attribution
/// window after it. Written as SQL, so that the server does the join where the rows are.
///
/// Every value in the SQL goes through libpq's quoting, because `COPY` takes no parameters.
public struct Attribution: Sendable {
    private let source: LogSource
    private let day: Day

    public init(_ source: LogSource, day: Day) {
        self.source = source
        self.day = day
    }

    /// `SELECT` of the day's impressions in the order (time, id), the order that makes cache files reproducible.
    /// Columns: `clicked` boolean, then one a given expression.
    ///
    /// - Parameter expressions: SQL over the impressions' alias `i`, already quoted.
    public func query(selecting expressions: [String], on connection: Connection) throws -> String {
        let names = try QuotedNames(source, connection)
        let bounds = try DayBounds(source, day, connection)
        let columns = (["(c.id IS NOT NULL) AS clicked"] + expressions).joined(separator: ", ")
        return """
            WITH clicked AS MATERIALIZED (
                SELECT DISTINCT i.\(names.id) AS id, i.\(names.impressionTime) AS impressed_at
                FROM \(names.impressions) i
                JOIN \(names.clicks) c ON c.\(names.clickImpression) = i.\(names.id)
                WHERE i.\(names.impressionTime) >= \(bounds.start) AND i.\(names.impressionTime) < \(bounds.end)
                  AND c.\(names.clickTime) >= \(bounds.start) AND c.\(names.clickTime) < \(bounds.clickEnd)
                  AND c.\(names.clickTime) >= i.\(names.impressionTime)
                  AND c.\(names.clickTime) < i.\(names.impressionTime) + \(bounds.window))
            SELECT \(columns)
            FROM \(names.impressions) i
            LEFT JOIN clicked c ON c.id = i.\(names.id) AND c.impressed_at = i.\(names.impressionTime)
            WHERE i.\(names.impressionTime) >= \(bounds.start) AND i.\(names.impressionTime) < \(bounds.end)
            ORDER BY i.\(names.impressionTime), i.\(names.id)
            """
    }

    /// Counts what attribution did with the day's clicks.
    public func counts(on connection: Connection) throws -> AttributionCounts {
        let names = try QuotedNames(source, connection)
        let bounds = try DayBounds(source, day, connection)
        let rows = try connection.execute(
            """
            WITH joined AS (
                SELECT i.\(names.id) AS id, i.\(names.impressionTime) AS impressed_at, c.\(names.clickTime) AS clicked_at
                FROM \(names.impressions) i
                JOIN \(names.clicks) c ON c.\(names.clickImpression) = i.\(names.id)
                WHERE i.\(names.impressionTime) >= \(bounds.start) AND i.\(names.impressionTime) < \(bounds.end)),
            judged AS (
                SELECT id, impressed_at, clicked_at < impressed_at AS early,
                       clicked_at >= impressed_at + \(bounds.window) AS late
                FROM joined)
            SELECT
                (SELECT count(*) FROM \(names.clicks) c
                 WHERE c.\(names.clickTime) >= \(bounds.start) AND c.\(names.clickTime) < \(bounds.end)) AS events,
                (SELECT count(*) FROM \(names.clicks) c
                 WHERE c.\(names.clickTime) >= \(bounds.start) AND c.\(names.clickTime) < \(bounds.end)
                   AND NOT EXISTS (
                       SELECT 1 FROM \(names.impressions) i WHERE i.\(names.id) = c.\(names.clickImpression))) AS orphans,
                count(*) FILTER (WHERE early) AS early,
                count(*) FILTER (WHERE late) AS late,
                count(*) FILTER (WHERE NOT early AND NOT late)
                    - count(DISTINCT (id, impressed_at)) FILTER (WHERE NOT early AND NOT late) AS duplicates
            FROM judged
            """)
        guard let row = rows.first else { return AttributionCounts() }
        return AttributionCounts(
            events: try row.int("events"), duplicates: try row.int("duplicates"), late: try row.int("late"),
            early: try row.int("early"), orphans: try row.int("orphans"))
    }
}

/// What became of a day's clicks, besides the impressions that they made positive.
public struct AttributionCounts: Equatable, Sendable {
    /// Click events whose time falls on the day.
    public var events = 0
    /// Clicks within the window beyond the first of an impression.
    public var duplicates = 0
    /// Clicks after the window.
    public var late = 0
    /// Clicks before their impression.
    public var early = 0
    /// Click events on the day that name no known impression.
    public var orphans = 0

    public init(events: Int = 0, duplicates: Int = 0, late: Int = 0, early: Int = 0, orphans: Int = 0) {
        self.events = events
        self.duplicates = duplicates
        self.late = late
        self.early = early
        self.orphans = orphans
    }
}

/// The source's names, quoted by libpq.
private struct QuotedNames {
    let impressions, id, impressionTime, clicks, clickImpression, clickTime: String

    init(_ source: LogSource, _ connection: Connection) throws {
        impressions = try connection.quoteRelation(source.impressions.table)
        id = try connection.quoteIdentifier(source.impressions.id)
        impressionTime = try connection.quoteIdentifier(source.impressions.time)
        clicks = try connection.quoteRelation(source.clicks.table)
        clickImpression = try connection.quoteIdentifier(source.clicks.impressionID)
        clickTime = try connection.quoteIdentifier(source.clicks.time)
    }
}

/// A day's first instant, the first instant after it, and the last at which one of its clicks can count, as SQL.
private struct DayBounds {
    let start, end, clickEnd, window: String

    init(_ source: LogSource, _ day: Day, _ connection: Connection) throws {
        let zone = try connection.quoteLiteral(source.timeZone)
        func midnight(_ day: Day) throws -> String {
            "(\(try connection.quoteLiteral(day.description))::timestamp AT TIME ZONE \(zone))"
        }
        start = try midnight(day)
        end = try midnight(day.advanced(by: 1))
        window = "make_interval(secs => \(source.attributionWindow.seconds))"
        clickEnd = "(\(end) + \(window))"
    }
}

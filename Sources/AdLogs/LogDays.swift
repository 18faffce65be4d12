import Days
import Postgres

/// Which days the logs hold and which of those are mature, in the source's time zone.
public struct LogDays: Sendable {
    private let source: LogSource

    public init(_ source: LogSource) {
        self.source = source
    }

    /// The last day that is mature at an instant: its end and the attribution window after it have passed, so every
    /// click that counts is in the log.
    ///
    /// - Parameter asOf: nil for the server's clock; a `YYYY-MM-DD` date stands for the end of that day in the source's
    ///   time zone; anything else is a `timestamptz` literal.
    public func lastMature(asOf: AsOf, on connection: Connection) throws -> Day {
        let instant: (sql: String, value: Value) =
            switch asOf {
            case .now: ("coalesce($3::text::timestamptz, now())", .null)
            case .endOf(let day): ("($3::text::date + 1)::timestamp AT TIME ZONE $1", .text(day.description))
            case .instant(let text): ("$3::text::timestamptz", .text(text))
            }
        do {
            // The local date of (instant − window) is the first day whose end + window is still to come.
            let rows = try connection.execute(
                """
                SELECT ((\(instant.sql) - make_interval(secs => $2::text::float8)) AT TIME ZONE $1)::date - 1 AS day
                """, [.text(source.timeZone), .text(String(source.attributionWindow.seconds)), instant.value])
            return try rows[rows.startIndex].day("day")
        } catch let error as PostgresError where ["22007", "22008"].contains(error.sqlState) {
            throw AdLogError.moment("\(asOf)")
        }
    }

    /// The days of a range that have at least one impression, in order. Costs one index probe a day.
    public func present(in days: ClosedRange<Day>, on connection: Connection) throws -> [Day] {
        let relation = try connection.quoteRelation(source.impressions.table)
        let time = try connection.quoteIdentifier(source.impressions.time)
        return try connection.execute(
            """
            SELECT d::date AS day
            FROM generate_series($1::text::date, $2::text::date, interval '1 day') AS d
            WHERE EXISTS (
                SELECT 1 FROM \(relation)
                WHERE \(time) >= (d::date)::timestamp AT TIME ZONE $3
                  AND \(time) < (d::date + 1)::timestamp AT TIME ZONE $3)
            ORDER BY d
            """,
            [.text(days.lowerBound.description), .text(days.upperBound.description), .text(source.timeZone)]
        ).map { try $0.day("day") }
    }

    /// Whether the log holds no impression at all.
    public func isEmpty(on connection: Connection) throws -> Bool {
        let relation = try connection.quoteRelation(source.impressions.table)
        return try connection.execute("SELECT 1 FROM \(relation) LIMIT 1").isEmpty
    }
}

/// The moment from whose point of view a job decides which days are mature.
public enum AsOf: Equatable, Sendable {
    case now
    /// Midnight after the day, in the source's time zone.
    case endOf(Day)
    /// A `timestamptz` literal, `2026-11-23 03:30+00`.
    case instant(String)
}

extension AsOf: CustomStringConvertible {
    public var description: String {
        switch self {
        case .now: "now"
        case .endOf(let day): day.description
        case .instant(let text): text
        }
    }
}

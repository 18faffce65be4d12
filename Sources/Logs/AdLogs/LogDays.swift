import Days
import Postgres

/// The days that the logs hold, and which of them are mature, in the source's time zone.
public struct LogDays: Sendable {
    private let source: LogSource

    public init(_ source: LogSource) {
        self.source = source
    }

    /// Returns the last day that is mature at an instant: its end and the attribution window after it have passed, so
    /// the log holds every click that counts.
    ///
    /// On a streaming replica, “now” is the last replayed commit: it may lag, and clicks still in transit must not be
    /// taken for missing.
    ///
    /// - Parameter asOf: The server's clock; a `YYYY-MM-DD` date stands for the end of that day in the source's time
    ///   zone; anything else is a `timestamptz` literal.
    public func lastMature(asOf: AsOf, on connection: Connection) throws -> Day {
        let instant: (sql: String, value: Value) =
            switch asOf {
            case .now:
                (
                    """
                    coalesce($3::text::timestamptz,
                        CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END, now())
                    """, .null
                )
            case .endOf(let day): ("($3::date + 1)::timestamp AT TIME ZONE $1", .day(day))
            case .instant(let text): ("$3::text::timestamptz", .text(text))
            }
        do {
            // The local date of (instant − window) is the first day whose end + window is yet to come.
            let rows = try connection.execute(
                """
                SELECT ((\(instant.sql) - make_interval(secs => $2::text::float8)) AT TIME ZONE $1)::date - 1 AS day
                """, [.text(source.timeZone), .text(String(source.attributionWindow.seconds)), instant.value])
            return try rows[rows.startIndex].day("day")
        } catch let error as PostgresError where ["22007", "22008"].contains(error.sqlState) {
            throw AdLogError.moment("\(asOf)")
        }
    }

    /// Returns the days of a range that have at least one impression, in order. Costs one index probe per day.
    public func present(in days: ClosedRange<Day>, on connection: Connection) throws -> [Day] {
        let impressions = try source.impressions(as: "i", on: connection)
        return try connection.execute(
            """
            SELECT asked.day::date AS day
            FROM generate_series($1::date, $2::date, interval '1 day') AS asked (day)
            WHERE EXISTS (
                SELECT FROM \(impressions.relation)
                WHERE \(impressions.time) >= asked.day::date::timestamp AT TIME ZONE $3
                  AND \(impressions.time) < (asked.day::date + 1)::timestamp AT TIME ZONE $3
                  AND \(impressions.condition))
            ORDER BY asked.day
            """,
            [.day(days.lowerBound), .day(days.upperBound), .text(source.timeZone)]
        ).map { try $0.day("day") }
    }

    /// Returns the newest day before another that has impressions; nil if there is none.
    public func newest(before day: Day, on connection: Connection) throws -> Day? {
        let impressions = try source.impressions(as: "i", on: connection)
        return try connection.execute(
            """
            SELECT (max(\(impressions.time)) AT TIME ZONE $2)::date AS day FROM \(impressions.relation)
            WHERE \(impressions.time) < $1::date::timestamp AT TIME ZONE $2
              AND \(impressions.time) >= \(Self.firstTime) AND \(impressions.condition)
            """, [.day(day), .text(source.timeZone)]
        ).first?.dayOrNil("day")
    }

    /// Returns the first day that has impressions; nil if there is none.
    public func oldest(on connection: Connection) throws -> Day? {
        let impressions = try source.impressions(as: "i", on: connection)
        return try connection.execute(
            """
            SELECT (min(\(impressions.time)) AT TIME ZONE $1)::date AS day FROM \(impressions.relation)
            WHERE \(impressions.time) >= \(Self.firstTime) AND \(impressions.time) < \(Self.endOfTimes)
              AND \(impressions.condition)
            """, [.text(source.timeZone)]
        ).first?.dayOrNil("day")
    }

    /// Returns the date at whose end a day becomes the last mature one.
    public func maturity(of day: Day) -> Day {
        day.advanced(by: (source.attributionWindow.seconds + 86_399) / 86_400)
    }

    /// Returns the instants of a day, from its midnight to the next; 23 to 25 hours when clocks change.
    public func instants(of day: Day, on connection: Connection) throws -> Range<Instant> {
        let rows = try connection.execute(
            """
            SELECT (extract(epoch FROM $1::date::timestamp AT TIME ZONE $2) * 1000000)::bigint AS first,
                   (extract(epoch FROM ($1::date + 1)::timestamp AT TIME ZONE $2) * 1000000)::bigint AS next
            """, [.day(day), .text(source.timeZone)])
        let row = rows[rows.startIndex]
        return Instant(microseconds: Int64(try row.int("first")))..<Instant(microseconds: Int64(try row.int("next")))
    }

    /// Estimates a day's impressions by the planner's statistics, without reading rows; nil if the planner has none.
    public func estimatedImpressions(of day: Day, on connection: Connection) throws -> Int? {
        let impressions = try source.impressions(as: "i", on: connection)
        let plan = try connection.execute(
            """
            EXPLAIN (FORMAT JSON) SELECT FROM \(impressions.relation)
            WHERE \(impressions.time) >= $1::date::timestamp AT TIME ZONE $2
              AND \(impressions.time) < ($1::date + 1)::timestamp AT TIME ZONE $2 AND \(impressions.condition)
            """, [.day(day), .text(source.timeZone)]
        ).first?.text("QUERY PLAN")
        guard let rows = plan?.firstMatch(of: /"Plan Rows": ([0-9]+)/).flatMap({ Int($0.1) }), rows > 1 else {
            return nil
        }
        return rows
    }

    /// Reads how far the zone is ahead of UTC in each quarter of an hour of a range, in microseconds. Zones change at
    /// whole quarters; the server is asked so that its time-zone data decide.
    public func zoneOffsets(in range: Range<Instant>, on connection: Connection) throws -> ZoneOffsets {
        let rows = try connection.execute(
            """
            SELECT (extract(epoch FROM (q.at AT TIME ZONE $3) - (q.at AT TIME ZONE 'UTC')) * 1000000)::bigint AS ahead
            FROM generate_series('epoch'::timestamptz + $1::bigint * interval '1 microsecond',
                'epoch'::timestamptz + $2::bigint * interval '1 microsecond', interval '15 minutes') AS q (at)
            """,
            [
                .text(String(range.lowerBound.microseconds)), .text(String(range.upperBound.microseconds)),
                .text(source.timeZone),
            ])
        return ZoneOffsets(start: range.lowerBound, quarters: try rows.map { Int64(try $0.int("ahead")) })
    }

    /// Returns the days without impressions between the first and the last day that has any, up to a day.
    public func missing(upTo last: Day, on connection: Connection) throws -> [Day] {
        let impressions = try source.impressions(as: "i", on: connection)
        let time = impressions.time
        let ends = try connection.execute(
            """
            SELECT (min(\(time)) AT TIME ZONE $1)::date AS first, (max(\(time)) AT TIME ZONE $1)::date AS last
            FROM \(impressions.relation)
            WHERE \(time) >= \(Self.firstTime) AND \(time) < \(Self.endOfTimes) AND \(impressions.condition)
            """, [.text(source.timeZone)]
        ).first
        guard let first = try ends?.dayOrNil("first"), let newest = try ends?.dayOrNil("last"),
            first <= min(newest, last)
        else { return [] }
        let days = first...min(newest, last)
        let present = Set(try present(in: days, on: connection))
        return days.filter { !present.contains($0) }
    }

    /// Finds tables with rows ahead of the server's clock by more than clocks differ, with the number of rows and the
    /// newest time.
    public func rowsAhead(on connection: Connection) throws -> [RowsAhead] {
        try [LogRelation(source.impressions, on: connection), LogRelation(source.clicks, on: connection)]
            .compactMap { log in
                let row = try connection.execute(
                    """
                    SELECT count(*) AS rows, max(\(log.time("l")))::text AS newest, now()::text AS clock
                    FROM \(log.from("l"))
                    WHERE \(log.time("l")) > now() + interval '5 minutes' AND \(log.condition("l"))
                    """
                ).first
                guard let row, try row.int("rows") > 0 else { return nil }
                return RowsAhead(
                    table: log.table, rows: try row.int("rows"), newest: try row.text("newest"),
                    clock: try row.text("clock"))
            }
    }

    /// Finds tables with rows whose time is on no day that a job could handle: NULL, infinite, before 1900 or after
    /// 2199.
    public func oddTimes(on connection: Connection) throws -> [OddTimes] {
        try [
            (LogRelation(source.impressions, on: connection), source.impressions.time),
            (LogRelation(source.clicks, on: connection), source.clicks.time),
        ].compactMap { log, column in
            let time = log.time("l")
            let rows =
                try connection.execute(
                    """
                    SELECT count(*) AS rows FROM \(log.from("l"))
                    WHERE (\(time) IS NULL OR \(time) < \(Self.firstTime) OR \(time) >= \(Self.endOfTimes))
                      AND \(log.condition("l"))
                    """
                ).first?.int("rows") ?? 0
            return rows == 0 ? nil : OddTimes(table: log.table, column: column, rows: rows)
        }
    }

    /// The earliest time that is on a day; together with `endOfTimes` it keeps lists of dates finite.
    public static let firstTime = "'1900-01-01 00:00+00'::timestamptz"
    public static let endOfTimes = "'2200-01-01 00:00+00'::timestamptz"

    /// Returns whether the log holds no impression at all.
    public func isEmpty(on connection: Connection) throws -> Bool {
        let impressions = try source.impressions(as: "i", on: connection)
        return try connection.execute(
            "SELECT FROM \(impressions.relation) WHERE \(impressions.condition) LIMIT 1"
        ).isEmpty
    }
}

/// Rows of a log table with a time in the future.
public struct RowsAhead: Sendable, CustomStringConvertible {
    let table: String
    let rows: Int
    let newest, clock: String

    public var description: String {
        "\(table) has \(rows) rows ahead of the database server's clock (\(clock)), up to \(newest); a clock is wrong, "
            + "either that of the log's writer or the server's, by which the job knows the day"
    }
}

/// Rows of a log table whose time is on no day.
public struct OddTimes: Sendable, CustomStringConvertible {
    let table, column: String
    let rows: Int

    public var description: String {
        "\(table).\(column) of \(rows) rows is NULL, infinite, before 1900 or after 2199; these rows are on no day and "
            + "not used"
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

/// A time zone's offsets from UTC during a range of time.
public struct ZoneOffsets: Sendable {
    private let start: Instant
    private let quarters: [Int64]

    init(start: Instant, quarters: [Int64]) {
        self.start = start
        self.quarters = quarters
    }

    /// Returns the local hour 0…23 and ISO weekday 1…7 of an instant in the range.
    public func local(_ instant: Instant) -> (hour: Int, weekday: Int) {
        let quarter = Int((instant.microseconds - start.microseconds) / 900_000_000)
        let local = instant.microseconds + (quarters.isEmpty ? 0 : quarters[max(0, min(quarter, quarters.count - 1))])
        let hours = local >= 0 ? local / 3_600_000_000 : (local - 3_599_999_999) / 3_600_000_000
        let hour = Int((hours % 24 + 24) % 24)
        let day = (Int(hours) - hour) / 24
        // 1970-01-01 was a Thursday.
        return (hour, ((day + 3) % 7 + 7) % 7 + 1)
    }
}

import AdLogs
import Days
import Postgres

/// How many rows a log has, and when.
struct LogExtent: Sendable {
    /// Rows that have a time, by hours (UTC) in order.
    let hours: [Hour]
    /// Rows without a time, or with one that no impression has: infinity, years before 1900 or from 2200 on.
    let timeless: Int

    struct Hour: Equatable, Sendable {
        var start: Instant
        var rows: Int
    }

    /// The times that rows are read of; as literals of `timestamptz`.
    static let times = (first: "1900-01-01 00:00:00+00", end: "2200-01-01 00:00:00+00")

    var rows: Int { hours.reduce(0) { $0 + $1.rows } }

    /// Days (UTC) with rows, in order.
    var days: [Day] {
        var days: [Day] = []
        for hour in hours {
            let day = hour.start.day
            if days.last != day { days.append(day) }
        }
        return days
    }

    /// The start of the newest day that has more than a few rows: the day that a first night judges on. Nil where there
    /// is no day before it.
    var judged: Instant? {
        var rowsOfDay: [Day: Int] = [:]
        for hour in hours { rowsOfDay[hour.start.day, default: 0] += hour.rows }
        let days = days
        guard let newest = days.last(where: { (rowsOfDay[$0] ?? 0) * days.count * 100 > rows }), newest != days.first
        else {
            return nil
        }
        return Instant(microseconds: Int64(newest.ordinal) * 86_400_000_000)
    }

    /// The start of the hour from which on there are at least so many rows before an instant, with how many there are;
    /// nil: no rows.
    func newest(_ wanted: Int, before end: Instant?) -> Hour? {
        let hours = hours.filter { hour in end.map { hour.start < $0 } ?? true }
        guard var found = hours.last else { return nil }
        for hour in hours.dropLast().reversed() {
            if found.rows >= wanted { break }
            found = Hour(start: hour.start, rows: found.rows + hour.rows)
        }
        return found
    }

    /// Counts the rows in one statement; nil where that takes too long.
    ///
    /// - Throws: `PostgresError`.
    static func counted(
        _ log: SurveyedLog, time: String, milliseconds: Int, on connection: Connection
    ) throws -> LogExtent? {
        let column = try connection.quoteIdentifier(time)
        let rows = try connection.within(milliseconds: milliseconds) { connection in
            try connection.execute(
                """
                SELECT (pg_catalog.date_part('epoch', h.hour))::bigint AS second, h.rows
                FROM (
                    SELECT CASE WHEN i.\(column) >= '\(times.first)' AND i.\(column) < '\(times.end)'
                               THEN pg_catalog.date_trunc('hour', i.\(column)) END AS hour, pg_catalog.count(*) AS rows
                    FROM \(try log.from("i", on: connection)) WHERE \(try log.condition("i", on: connection)) GROUP BY 1) h
                ORDER BY h.hour
                """)
        }
        guard let rows else { return nil }
        var hours: [Hour] = []
        var timeless = 0
        for row in rows {
            let count = try row.int("rows")
            if let second = try row.intOrNil("second") {
                hours.append(Hour(start: Instant(microseconds: Int64(second) * 1_000_000), rows: count))
            } else {
                timeless += count
            }
        }
        return LogExtent(hours: hours, timeless: timeless)
    }
}

extension Instant {
    /// The day in UTC.
    var day: Day { Day(utc: Double(microseconds) / 1_000_000) }
}

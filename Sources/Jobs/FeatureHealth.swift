import AdLogs
import Days
import Features
import Logging

extension JobSession {
    /// Says of a day that was just built which features have no value, one value only, values that share ids, or numbers of quite
    /// another size than on the cached day before, unless they were so on that day too.
    func warnOfFeatures(on day: Day) throws {
        for row in try connection.execute(
            """
            SELECT now.feature, now.coverage = 0 AS is_empty,
                   coalesce(before.coverage > 0, true) AS was_there,
                   \(Self.isConstant("now")) AS is_constant,
                   coalesce(NOT \(Self.isConstant("before")), true) AS varied,
                   now.collision_rate AS collisions, before.collision_rate AS collisions_before,
                   now.standard_deviation AS deviation, before.standard_deviation AS deviation_before
            FROM rocket.feature_statistics now
            LEFT JOIN rocket.feature_statistics before
              ON before.specification_hash = now.specification_hash AND before.feature = now.feature
             AND before.day = (
                SELECT max(day) FROM rocket.cache_days WHERE specification_hash = $1 AND day < $2::text::date)
            WHERE now.specification_hash = $1 AND now.day = $2::text::date
            ORDER BY now.feature
            """, [.text(specification.hash), .text(day.description)])
        {
            let feature = try row.text("feature")
            if try row.bool("is_empty"), try row.bool("was_there") {
                log.warning("\(day): feature \(feature) has no value in any row; look at its column")
            } else if try row.bool("is_constant"), try row.bool("varied"), !daysOfWeek.contains(feature) {
                log.warning("\(day): feature \(feature) has the same value in every row that has one; look at its column")
            }
            if let rate = try row.doubleOrNil("collisions"), rate > Doctor.mostSharing,
                try row.doubleOrNil("collisions_before") ?? 0 <= Doctor.mostSharing
            {
                log.warning(
                    """
                    \(day): \(Doctor.percent(rate)) of the values of feature \(feature) share their id with another; remove its \
                    hash_bits from the job file, so that every value has an embedding of its own
                    """)
            }
            guard let deviation = try row.doubleOrNil("deviation"), try row.bool("was_there"),
                let before = try row.doubleOrNil("deviation_before"), before > 0, deviation > Self.wild * before
            else { continue }
            log.warning(
                """
                \(day): the standard deviation of feature \(feature) is \(deviation), \(before) on the day before; extreme \
                values drown all others: correct them, or use transform: log1p or kind: bucketed
                """)
        }
    }

    /// Features that have one value on a day, of those that had several on most of the training days.
    func featuresGoneConstant(on day: Day, against trained: ClosedRange<Day>) throws -> [String] {
        try connection.execute(
            """
            SELECT now.feature
            FROM rocket.feature_statistics now
            JOIN rocket.feature_statistics before
              ON before.specification_hash = now.specification_hash AND before.feature = now.feature
             AND before.day BETWEEN $3::text::date AND $4::text::date
            WHERE now.specification_hash = $1 AND now.day = $2::text::date AND \(Self.isConstant("now"))
            GROUP BY now.feature
            HAVING avg(CASE WHEN \(Self.isConstant("before")) OR before.coverage = 0 THEN 0 ELSE 1 END) > 0.5
            ORDER BY now.feature
            """,
            [
                .text(specification.hash), .text(day.description), .text(trained.lowerBound.description),
                .text(trained.upperBound.description),
            ]
        ).map { try $0.text("feature") }
    }

    /// Clicks that cannot be what they seem: the clocks of the two logs differ, or their ids.
    func warnOfStrayClicks(on day: Day, _ account: ClickAccount) {
        for (count, share, what) in [
            (account.early, 0.05, "come before their impression; the clocks of those who write the two logs differ"),
            (
                account.orphans, 0.2,
                "name no impression of the log; look at \(jobFile.source.clicks.impressionID) of \(jobFile.source.clicks.table)"
            ),
        ] where count >= 10 && Double(count) > share * Double(account.events) {
            log.warning("\(day): \(count) of the \(account.events) click events \(what)")
        }
    }

    /// Rows of a time to come, which no job ever reads as such.
    func warnOfRowsAhead() throws {
        for rows in try logDays.rowsAhead(on: source) { log.warning("\(rows)") }
    }

    /// A day has one, always.
    private var daysOfWeek: [String] {
        jobFile.features.features.filter { $0.kind == .dayOfWeek }.map(\.name)
    }

    /// Times the standard deviation of the day before.
    private static let wild = 100.0

    /// Of a row of `rocket.feature_statistics`: all its values are one. A deviation is a difference of sums, so that of
    /// equal numbers is not quite 0.
    private static func isConstant(_ row: String) -> String {
        """
        (\(row).coverage > 0 AND coalesce(
            \(row).distinct_ids = 1, \(row).standard_deviation <= 1e-6 * greatest(1, abs(\(row).mean)), false))
        """
    }
}

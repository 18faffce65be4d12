import Days
import Postgres

/// What the statistics of cached days say of the features: how a day's compare with those of the days before.
public struct FeatureComparison {
    private let connection: Connection
    private let specificationHash: String

    public init(_ connection: Connection, specificationHash: String) {
        self.connection = connection
        self.specificationHash = specificationHash
    }

    /// A feature on a day compared with the cached day before.
    public struct Change: Sendable {
        public let feature: String
        /// Whether no row of the day has a value, and whether some row of the day before had one.
        public let isEmpty, wasThere: Bool
        /// Whether all values of the day are one, and whether those of the day before were not.
        public let isConstant, varied: Bool
        public let collisions, collisionsBefore: Double?
        public let deviation, deviationBefore: Double?
    }

    /// Each feature of a day, by name.
    public func changes(on day: Day) throws -> [Change] {
        try connection.execute(
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
                SELECT max(day) FROM rocket.cache_days WHERE specification_hash = $1 AND day < $2)
            WHERE now.specification_hash = $1 AND now.day = $2
            ORDER BY now.feature
            """, [.text(specificationHash), .day(day)]
        ).map { row in
            Change(
                feature: try row.text("feature"), isEmpty: try row.bool("is_empty"),
                wasThere: try row.bool("was_there"), isConstant: try row.bool("is_constant"),
                varied: try row.bool("varied"), collisions: try row.doubleOrNil("collisions"),
                collisionsBefore: try row.doubleOrNil("collisions_before"),
                deviation: try row.doubleOrNil("deviation"),
                deviationBefore: try row.doubleOrNil("deviation_before"))
        }
    }

    /// Features that have one value on a day, of those that had several on most of the training days.
    ///
    /// - Parameter histories: Features that do not count: where keys hardly differ, or a day of the log is missing, one
    ///   value is what a history has to say.
    public func goneConstant(
        on day: Day, since trained: ClosedRange<Day>, leavingOut histories: Set<String>
    ) throws -> [String] {
        try connection.execute(
            """
            SELECT now.feature
            FROM rocket.feature_statistics now
            JOIN rocket.feature_statistics before
              ON before.specification_hash = now.specification_hash AND before.feature = now.feature
             AND before.day BETWEEN $3 AND $4
            WHERE now.specification_hash = $1 AND now.day = $2 AND \(Self.isConstant("now"))
            GROUP BY now.feature
            HAVING avg(CASE WHEN \(Self.isConstant("before")) OR before.coverage = 0 THEN 0 ELSE 1 END) > 0.5
            ORDER BY now.feature
            """, key(day, trained)
        ).map { try $0.text("feature") }.filter { !histories.contains($0) }
    }

    /// The feature whose share of rows with a value fell most since the training days, and to which share of what it
    /// was.
    ///
    /// - Parameter histories: Features that do not count where a window of the day lacks days: the log has lost them,
    ///   or is too short.
    public func worstCoverage(
        on day: Day, since trained: ClosedRange<Day>, leavingOut histories: Set<String>
    ) throws -> (feature: String, share: Double)? {
        let isShort = try connection.execute(
            """
            SELECT EXISTS (SELECT FROM rocket.history_tables
                WHERE specification_hash = $1 AND day = $2 AND counted_days < window_days) AS ok
            """, [.text(specificationHash), .day(day)]
        ).first?.bool("ok")
        let leftOut = isShort == true ? histories : []
        return try connection.execute(
            """
            SELECT now.feature, now.coverage / before.coverage AS share
            FROM rocket.feature_statistics now
            JOIN (
                SELECT feature, avg(coverage) AS coverage FROM rocket.feature_statistics
                WHERE specification_hash = $1 AND day BETWEEN $3 AND $4 GROUP BY feature
            ) before ON before.feature = now.feature AND before.coverage > 0
            WHERE now.specification_hash = $1 AND now.day = $2 ORDER BY share, now.feature
            """, key(day, trained)
        ).map { (feature: try $0.text("feature"), share: try $0.double("share")) }
            .first { !leftOut.contains($0.feature) }
    }

    private func key(_ day: Day, _ trained: ClosedRange<Day>) -> [Value] {
        [
            .text(specificationHash), .day(day), .day(trained.lowerBound),
            .day(trained.upperBound),
        ]
    }

    /// Of a row of `rocket.feature_statistics`: all its values are one. A deviation is a difference of sums, so that of
    /// equal numbers is not quite 0.
    private static func isConstant(_ row: String) -> String {
        """
        (\(row).coverage > 0 AND coalesce(
            \(row).distinct_ids = 1, \(row).standard_deviation <= 1e-6 * greatest(1, abs(\(row).mean)), false))
        """
    }
}

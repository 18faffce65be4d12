import AdLogs
import Days
import Foundation
import Postgres

/// A search for cached days whose histories would be others today, because days of their windows were counted again, or
/// should be.
public struct StaleHistory {
    private let connection: Connection
    private let logs: Connection
    private let specificationHash: String

    /// - Parameters:
    ///   - connection: A connection to the cached days.
    ///   - logs: A connection to the logs.
    public init(_ connection: Connection, logs: Connection, specificationHash: String) {
        self.connection = connection
        self.logs = logs
        self.specificationHash = specificationHash
    }

    /// Returns the days of their windows that changed, by cached day.
    ///
    /// - Parameter changed: Cached days whose own logs have changed.
    func days(changed: Set<Day>) throws -> [Day: [Day]] {
        // A database that a newer program has not migrated yet has no histories.
        let isThere = try connection.execute("SELECT to_regclass('rocket.cache_history') IS NOT NULL AS ok")
        guard try isThere.first?.bool("ok") == true else { return [:] }
        let changed = try changed.union(daysCountedOnly())
        var found: [Day: Set<Day>] = [:]
        for row in try connection.execute(
            """
            SELECT h.day, h.counted_day, h.checksum IS DISTINCT FROM c.checksum AS is_other
            FROM rocket.cache_history h
            JOIN rocket.history_counts c ON c.counts_hash = h.counts_hash AND c.day = h.counted_day
            WHERE h.specification_hash = $1
            """, [.text(specificationHash)])
        {
            let counted = try row.day("counted_day")
            if try row.bool("is_other") || changed.contains(counted) {
                found[try row.day("day"), default: []].insert(counted)
            }
        }
        return found.mapValues { $0.sorted { $0.ordinal < $1.ordinal } }
    }

    /// Returns the days whose counts are others now than those a cached day's histories were made of.
    public func changes(of day: Day) throws -> [Day] {
        try connection.execute(
            """
            SELECT DISTINCT h.counted_day
            FROM rocket.cache_history h
            JOIN rocket.history_counts c ON c.counts_hash = h.counts_hash AND c.day = h.counted_day
            WHERE h.specification_hash = $1 AND h.day = $2 AND h.checksum IS DISTINCT FROM c.checksum
            ORDER BY 1
            """, [.text(specificationHash), .day(day)]
        ).map { try $0.day("counted_day") }
    }

    /// Returns the days that are counted for histories, but not cached, and whose logs have changed since. Reads their
    /// impressions and clicks once, on the server. Days that the logs no longer have keep their counts: these are all
    /// that is left of them.
    public func daysCountedOnly() throws -> [Day] {
        let rows = try connection.execute(
            """
            SELECT DISTINCT ON (c.day) c.day, c.source::text AS source, c.seen_impressions, c.seen_impression_times,
                   c.seen_clicked, c.seen_clicked_times
            FROM rocket.history_counts c
            WHERE c.counts_hash IN (SELECT counts_hash FROM rocket.cache_history WHERE specification_hash = $1)
              AND c.day >= (SELECT min(counted_day) FROM rocket.cache_history WHERE specification_hash = $1)
              AND NOT EXISTS (
                SELECT FROM rocket.cache_days d WHERE d.specification_hash = $1 AND d.day = c.day)
            ORDER BY c.day, c.counted_at
            """, [.text(specificationHash)])
        return try rows.compactMap { row in
            let source = try JSONDecoder().decode(LogSource.self, from: Data(try row.text("source").utf8))
            let day = try row.day("day")
            let range = try LogDays(source).instants(of: day, on: logs)
            let counted = SeenLogs(
                impressions: try row.int("seen_impressions"),
                impressionTimes: Int64(try row.int("seen_impression_times")), clicked: try row.int("seen_clicked"),
                clickedTimes: Int64(try row.int("seen_clicked_times")))
            let now = try Attribution(source, on: logs).seen(in: range, on: logs)
            return now == counted || now.impressions == 0 ? nil : day
        }
    }
}

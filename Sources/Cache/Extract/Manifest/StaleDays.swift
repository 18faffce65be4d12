import AdLogs
import Days
import Foundation
import Postgres

/// A search for cached days whose logs have changed since: impressions were added or removed, or clicks arrived late
/// and flip a label. A day whose histories were read from counts of such a day is stale too.
public struct StaleDays {
    private let connection: Connection
    private let logs: Connection

    /// - Parameters:
    ///   - connection: A connection to the cached days.
    ///   - logs: A connection to the logs.
    public init(_ connection: Connection, logs: Connection) {
        self.connection = connection
        self.logs = logs
    }

    /// A cached day and the change in its logs.
    public struct Found: Equatable, Sendable {
        public var day: Day
        public var model: String
        public var cached: SeenLogs
        public var now: SeenLogs
        /// Whether the day's own logs say that it must be built again: they have changed, or an earlier release kept
        /// rows that are left out today.
        public var isChanged: Bool
        /// Days of its histories whose counts have changed since, or will when they are made again.
        public var history: [Day] = []
    }

    /// Compares every cached day of a specification, or of each model's newest specification, with the logs. Reads the
    /// days' impressions and clicks once, on the server.
    ///
    /// - Parameter days: The days to compare; nil for all.
    public func find(
        specificationHash: String? = nil, model: String? = nil, in days: ClosedRange<Day>? = nil
    ) throws -> [Found] {
        let rows = try connection.execute(
            """
            SELECT d.specification_hash, d.day, s.model, s.specification ->> 'source' AS source, d.seen_impressions,
                   d.seen_impression_times, d.seen_clicked, d.seen_clicked_times,
                   d.impressions_read IS NULL AND d.duplicate_impressions > 0 AS holds_repeated
            FROM rocket.cache_days d JOIN rocket.extraction_specifications s USING (specification_hash)
            WHERE CASE WHEN $1::text IS NOT NULL THEN d.specification_hash = $1
                ELSE ($2::text IS NULL OR s.model = $2) AND s.first_used_at = (
                    SELECT max(n.first_used_at) FROM rocket.extraction_specifications n
                    WHERE n.model = s.model
                      AND EXISTS (SELECT 1 FROM rocket.cache_days c WHERE c.specification_hash = n.specification_hash))
                END
              AND ($3::text IS NULL OR d.day BETWEEN $3::text::date AND $4::text::date)
            ORDER BY s.model, d.day
            """,
            [
                specificationHash.map { .text($0) } ?? .null, model.map { .text($0) } ?? .null,
                days.map { .text($0.lowerBound.description) } ?? .null,
                days.map { .text($0.upperBound.description) } ?? .null,
            ])
        var found: [(Found, hash: String)] = []
        for row in rows {
            let source = try JSONDecoder().decode(LogSource.self, from: Data(try row.text("source").utf8))
            let day = try row.day("day")
            let range = try LogDays(source).instants(of: day, on: logs)
            let cached = SeenLogs(
                impressions: try row.int("seen_impressions"),
                impressionTimes: Int64(try row.int("seen_impression_times")), clicked: try row.int("seen_clicked"),
                clickedTimes: Int64(try row.int("seen_clicked_times")))
            let now = try Attribution(source, on: logs).seen(in: range, on: logs)
            // Earlier releases kept all rows with an id and a time.
            let isChanged = try now != cached || row.bool("holds_repeated")
            found.append(
                (
                    Found(day: day, model: try row.text("model"), cached: cached, now: now, isChanged: isChanged),
                    try row.text("specification_hash")
                ))
        }
        for hash in Set(found.map(\.hash)) {
            let changed = Set(found.filter { $0.hash == hash && $0.0.isChanged }.map(\.0.day))
            let days = try StaleHistory(connection, logs: logs, specificationHash: hash).days(changed: changed)
            for index in found.indices where found[index].hash == hash {
                found[index].0.history = days[found[index].0.day] ?? []
            }
        }
        return found.map(\.0).filter { $0.isChanged || !$0.history.isEmpty }
    }

    /// Returns the log source from which each model with cached days was last extracted.
    public func sources(model: String?) throws -> [(model: String, source: LogSource)] {
        try connection.execute(
            """
            SELECT DISTINCT ON (model) model, specification ->> 'source' AS source
            FROM rocket.extraction_specifications s
            WHERE ($1::text IS NULL OR model = $1)
              AND EXISTS (SELECT 1 FROM rocket.cache_days d WHERE d.specification_hash = s.specification_hash)
            ORDER BY model, first_used_at DESC
            """, [model.map { .text($0) } ?? .null]
        ).map { row in
            (
                try row.text("model"),
                try JSONDecoder().decode(LogSource.self, from: Data(try row.text("source").utf8))
            )
        }
    }
}

import AdLogs
import Days
import Foundation
import KeyCounts
import Postgres

/// The tables `rocket.history_counts`, which files of counts are valid, and `rocket.cache_history`, which of them a
/// cached day was made with.
struct CountsManifest {
    let connection: Connection
    let place: CachePlace

    private var copies: CacheCopies { CacheCopies(connection: connection, place: place) }

    /// A day's counts by a key.
    struct Entry: Codable, Equatable, Sendable {
        var key: String
        var day: Day
        var path: String
        var checksum: String

        /// Returns the counts; nil if the file is missing or damaged.
        func open() -> SortedCounts? { CountsFile.open(path, key: key, day: day, checksum: checksum) }
    }

    /// Returns the days of a range that are counted, in order, each with the path at which its file is, if it is on
    /// this machine.
    func entries(_ key: HistoryKey, in days: ClosedRange<Day>) throws -> [Entry] {
        try connection.execute(
            """
            SELECT c.day, c.checksum, array_to_json(
                       array_agg(p.path ORDER BY p.folder <> $4, p.host <> $5, p.built_at DESC)
                           FILTER (WHERE p.path IS NOT NULL) || c.path)::text AS paths
            FROM rocket.history_counts c
            LEFT JOIN rocket.cache_copies p
              ON p.content_hash = c.counts_hash AND p.day = c.day AND p.part = 0 AND p.checksum = c.checksum
            WHERE c.counts_hash = $1 AND c.day BETWEEN $2 AND $3 GROUP BY c.counts_hash, c.day ORDER BY c.day
            """,
            [.text(key.hash), .day(days.lowerBound), .day(days.upperBound), .text(place.folder), .text(place.host)]
        ).map { row in
            let paths = try JSONDecoder().decode([String].self, from: Data(try row.text("paths").utf8))
            let candidates = paths.flatMap { place.candidates(for: $0) }
            return Entry(
                key: key.hash, day: try row.day("day"),
                path: candidates.first { FileManager.default.fileExists(atPath: $0) } ?? candidates.first ?? "",
                checksum: try row.text("checksum"))
        }
    }

    /// Makes a day's counts valid, replacing earlier ones.
    func record(_ file: CountsFile, _ key: HistoryKey, _ day: Day, _ seen: SeenLogs, source: String) throws {
        try connection.execute(
            """
            INSERT INTO rocket.history_counts (
                counts_hash, day, key, source, path, bytes, keys, impressions, clicks, checksum, seen_impressions,
                seen_impression_times, seen_clicked, seen_clicked_times)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (counts_hash, day) DO UPDATE SET
                path = excluded.path, bytes = excluded.bytes, keys = excluded.keys,
                impressions = excluded.impressions, clicks = excluded.clicks, checksum = excluded.checksum,
                seen_impressions = excluded.seen_impressions,
                seen_impression_times = excluded.seen_impression_times, seen_clicked = excluded.seen_clicked,
                seen_clicked_times = excluded.seen_clicked_times, counted_at = now()
            """,
            [
                .text(key.hash), .day(day), .text(key.name), .json(source), .text(file.path), .int(file.bytes),
                .int(file.keys), .int(file.impressions), .int(file.clicks), .text(file.checksum),
                .int(seen.impressions), .int(Int(seen.impressionTimes)), .int(seen.clicked),
                .int(Int(seen.clickedTimes)),
            ])
        try copies.record(file.path, checksum: file.checksum, of: key.hash, on: day, part: 0)
    }

    /// Records which counts a cached day was made with, and what the tables made of them hold. Call it within the
    /// transaction that ends the day's build, after the day's row.
    func recordUse(_ history: DayHistory, specificationHash: String, day: Day) throws {
        for (key, table) in zip(history.keys, history.tables) {
            let entries = Dictionary(
                history.entries.filter { $0.key == key.hash }.map { ($0.day, $0.checksum) },
                uniquingKeysWith: { first, _ in first })
            for offset in key.days where key.windows.contains(where: { $0.days.contains(offset) }) {
                let counted = day.advanced(by: offset)
                try connection.execute(
                    """
                    INSERT INTO rocket.cache_history (specification_hash, day, counts_hash, counted_day, checksum)
                    VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT DO NOTHING
                    """,
                    [.text(specificationHash), .day(day), .text(key.hash), .day(counted), Value(entries[counted])])
            }
            for (window, rates) in zip(key.windows, table.rates) {
                let counted = window.days.filter { entries[day.advanced(by: $0)] != nil }.count
                try connection.execute(
                    """
                    INSERT INTO rocket.history_tables (
                        specification_hash, day, key, time_window, lag, window_days, counted_days, keys, impressions,
                        clicks, prior, strength)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                    """,
                    [
                        .text(specificationHash), .day(day), .text(key.name), .text(window.window.suffix),
                        .int(window.lag), .int(window.window.days), .int(counted), .int(rates.keys),
                        .double(rates.impressions), .double(rates.clicks), .double(rates.prior),
                        .double(rates.strength),
                    ])
            }
        }
    }
}

import AdLogs
import Days
import KeyCounts
import Postgres

/// The tables `rocket.history_counts`, which files of counts are valid, and `rocket.cache_history`, which of them a
/// cached day was made with.
struct CountsManifest {
    let connection: Connection

    /// A day's counts by a key.
    struct Entry: Codable, Equatable, Sendable {
        var key: String
        var day: Day
        var path: String
        var checksum: String

        /// Returns the counts; nil if the file is missing or damaged.
        func open() -> SortedCounts? { CountsFile.open(path, key: key, day: day, checksum: checksum) }
    }

    /// Returns the days of a range whose counts are there, in order.
    func entries(_ key: HistoryKey, in days: ClosedRange<Day>) throws -> [Entry] {
        try connection.execute(
            """
            SELECT day, path, checksum FROM rocket.history_counts
            WHERE counts_hash = $1 AND day BETWEEN $2 AND $3 ORDER BY day
            """, [.text(key.hash), .day(days.lowerBound), .day(days.upperBound)]
        ).map { row in
            Entry(
                key: key.hash, day: try row.day("day"), path: try row.text("path"), checksum: try row.text("checksum"))
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

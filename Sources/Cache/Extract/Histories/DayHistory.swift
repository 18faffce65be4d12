import Days
import Files
import KeyCounts

/// What is known of all keys as of a day, for the rows of that day.
final class DayHistory: Sendable {
    let keys: [HistoryKey]
    /// By key.
    let tables: [HistoryTable]
    /// The counts that the tables are made of.
    let entries: [CountsManifest.Entry]

    /// Adds up the counts of each key's windows.
    ///
    /// - Parameters:
    ///   - folder: For temporary files.
    ///   - threads: How many add up at once.
    /// - Throws: `ExtractionError.counts` if a file is missing or damaged, `FileError`.
    init(
        _ keys: [HistoryKey], _ entries: [CountsManifest.Entry], asOf day: Day, folder: String, threads: Int
    ) throws {
        self.keys = keys
        self.entries = entries
        tables = try keys.map { key in
            let days = try entries.filter { $0.key == key.hash }.map { entry in
                guard let counts = entry.open() else { throw ExtractionError.counts(path: entry.path) }
                return (counts, key.windows.map { $0.weight(of: day.distance(to: entry.day)) })
            }
            return try HistoryTable(days, windows: key.windows.count, folder: folder, threads: threads)
        }
    }

    /// The days of the windows that have no counts, apart from those before the first one that has.
    func missing(asOf day: Day) -> [Day] {
        let counted = Set(entries.map(\.day))
        guard let first = counted.min() else { return [] }
        return windowDays.map { day.advanced(by: $0) }.filter { $0 > first && !counted.contains($0) }
    }

    /// Days before a row's that some window counts, in order.
    var windowDays: [Int] { Set(keys.flatMap { $0.windows.flatMap(\.days) }).sorted() }
}

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
    /// - Parameter folder: For temporary files.
    /// - Throws: `ExtractionError.counts` if a file is missing or damaged, `FileError`.
    init(_ keys: [HistoryKey], _ entries: [CountsManifest.Entry], asOf day: Day, folder: String) throws {
        self.keys = keys
        self.entries = entries
        tables = try keys.map { key in
            let days = try entries.filter { $0.key == key.hash }.map { entry in
                guard let counts = entry.open() else { throw ExtractionError.counts(path: entry.path) }
                return (counts, key.windows.map { $0.weight(of: day.distance(to: entry.day)) })
            }
            return try HistoryTable(days, windows: key.windows.count, folder: folder)
        }
    }

    /// The days of the widest window that have no counts, for messages.
    func missing(asOf day: Day) -> [Day] {
        let counted = Set(entries.map(\.day))
        let first = keys.map(\.days.lowerBound).min() ?? 0
        let last = keys.map(\.days.upperBound).max() ?? 0
        return keys.isEmpty ? [] : (first...last).map { day.advanced(by: $0) }.filter { !counted.contains($0) }
    }
}

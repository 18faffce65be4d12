import AdLogs
import Days
import Digests
import Features
import Foundation
import KeyCounts

/// The values by which histories count, with everything that is asked of it.
struct HistoryKey: Sendable {
    /// The features whose values together are the key, in the order of the job file.
    let parts: [Feature]
    /// Where they are among the specification's features.
    let positions: [Int]
    /// The distinct windows of all histories of this key.
    let windows: [CountedDays]
    /// SHA-256, in hexadecimal, of everything besides the logs that decides the counts: which logs, which clicks count,
    /// and how values become hashes. Neither nets nor other features.
    let hash: String

    /// Days before a row's, each with a weight.
    struct CountedDays: Hashable, Sendable {
        let window: HistoryWindow
        let lag: Int

        /// Days before the row's day, oldest first.
        var days: ClosedRange<Int> { (1 - lag - window.days)...(-lag) }

        /// Returns the weight of a day, given as days before the row's: −2 is the day before yesterday.
        func weight(of offset: Int) -> Double {
            guard days.contains(offset) else { return 0 }
            guard let halfLife = window.halfLifeHours else { return 1 }
            return pow(0.5, Double(-lag - offset) * 24 / Double(halfLife))
        }
    }

    /// Returns the folder of a day's counts.
    func folder(below root: String, _ day: Day) -> String { "\(root)/\(hash.prefix(16))/day=\(day)" }

    /// `user, campaign`
    var name: String { parts.map(\.name).joined(separator: ", ") }

    /// All days that some window counts, before the row's day.
    var days: ClosedRange<Int> {
        (windows.map(\.days.lowerBound).min() ?? 0)...(windows.map(\.days.upperBound).max() ?? 0)
    }
}

extension ExtractionSpecification {
    /// The keys of all histories, in the order in which they come first.
    func historyKeys() throws -> [HistoryKey] {
        var keys: [(of: [String], windows: [HistoryKey.CountedDays])] = []
        for history in features.histories.compactMap(\.history) {
            let days = HistoryKey.CountedDays(window: history.window, lag: history.lag)
            if let known = keys.firstIndex(where: { $0.of == history.of }) {
                if !keys[known].windows.contains(days) { keys[known].windows.append(days) }
            } else {
                keys.append((history.of, [days]))
            }
        }
        return try keys.map { of, windows in
            let positions = of.compactMap { name in features.features.firstIndex { $0.name == name } }
            let parts = positions.map { features.features[$0] }
            return HistoryKey(parts: parts, positions: positions, windows: windows, hash: try Self.hash(source, parts))
        }
    }

    private static func hash(_ source: LogSource, _ parts: [Feature]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let parts = parts.map { part in
            // Two features of one table are two keys, whose counts are recorded by name.
            [part.kind.rawValue, part.kind.readsColumn ? part.column : "", part.table ?? part.name, part.name]
        }
        let texts = [try encoder.encode(source), try encoder.encode(parts)].map { String(decoding: $0, as: UTF8.self) }
        return try SHA256Digest.of((["counts 1"] + texts).joined(separator: "\n")).hex
    }

    /// A specification of the features only that are parts of these keys: what is read to count a day that is not
    /// extracted.
    func counting(_ keys: [HistoryKey]) -> ExtractionSpecification {
        let wanted = Set(keys.flatMap(\.positions))
        var reduced = self
        reduced.features.features = features.features.indices.filter(wanted.contains).map { features.features[$0] }
        reduced.group = nil
        reduced.trueProbability = nil
        return reduced
    }
}

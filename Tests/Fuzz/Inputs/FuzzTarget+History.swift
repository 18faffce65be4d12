import CounterRandom
import Days
import Features
import Foundation
import KeyCounts
import RocketServing

extension FuzzTarget {
    /// A pulled table of counts by key.
    static let history = FuzzTarget(name: "history") { random in
        var file = FuzzHistory.file
        for _ in 0...random.next() % 3 { SafetensorsBytes.mutate(&file, described: FuzzHistory.described, &random) }
        return FuzzInput(parts: [file])
    } read: { input in
        let history: ServedHistory
        do {
            history = try ServedHistory(input.parts[0])
            _ = try ServedHistory.asOf(beginning: Array(input.parts[0].prefix(1 << 16)))
        } catch  where FuzzModel.errors(error) {
            return .refused
        }
        guard history.lastDay <= history.asOf else { throw Wrong("the last day is after the table's day") }
        for key in history.keys {
            for window in key.windows {
                for hash in FuzzHistory.hashes + [0, 1, UInt64.max] {
                    guard let found = history.counts(of: key.of, hash, window.window) else { continue }
                    guard found.impressions >= 0, found.clicks >= 0 else { throw Wrong("a count is negative") }
                }
            }
        }
        // What is read is whole: written again, it is read again.
        _ = try ServedHistory(history.encoded())
        return .accepted
    }

    /// A day's counts beside the cache.
    static let counts = FuzzTarget(name: "counts") { random in
        guard var bytes = FuzzHistory.counts?.bytes else { throw Wrong("no file of counts could be made") }
        if random.next() % 8 > 0 { Mutator.mutate(&bytes, with: [], &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        guard let counts = FuzzHistory.counts else { throw Wrong("no file of counts could be made") }
        let path = NSTemporaryDirectory() + "rocket-fuzz-\(ProcessInfo.processInfo.processIdentifier).counts"
        try Data(input.parts[0]).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        guard
            let found = CountsFile.open(
                path, key: FuzzHistory.key, day: FuzzHistory.day, checksum: counts.checksum)
        else { return .refused }
        guard input.parts[0] == counts.bytes, found.counts.count == FuzzHistory.hashes.count else {
            throw Wrong("a damaged file was read")
        }
        return .accepted
    }
}

/// Counts of a few keys, as they are served and as they lie beside the cache.
enum FuzzHistory {
    static let day = Day(ordinal: 20_000)
    static let key = String(repeating: "5a", count: 32)
    static let hashes = (1...50).map { UInt64($0) << 57 | UInt64($0) }

    /// The name of the description among the metadata.
    static let described = "history"

    static let file: [UInt8] = {
        let windows = [1, 7].map {
            ServedHistory.Window(window: HistoryWindow(days: $0), lag: 2, prior: 0.1, strength: 20)
        }
        let keys = [["user"], ["user", "ad"]].map { of in
            ServedHistory.Key(
                of: of, leastImpressions: 2, windows: windows, hashes: hashes,
                counts: hashes.flatMap { _ in [3, 1, 20, 4] })
        }
        return (try? ServedHistory(asOf: day, keys: keys).encoded()) ?? []
    }()

    static let counts: (bytes: [UInt8], checksum: String)? = {
        let folder = NSTemporaryDirectory() + "rocket-fuzz-counts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sorted = SortedCounts(hashes.map { KeyCount(hash: $0, impressions: 5, clicks: 1) })
        guard let file = try? CountsFile.write([sorted], in: folder, name: "counts", key: key, day: day),
            let data = try? Data(contentsOf: URL(fileURLWithPath: file.path))
        else { return nil }
        return (Array(data), file.checksum)
    }()
}

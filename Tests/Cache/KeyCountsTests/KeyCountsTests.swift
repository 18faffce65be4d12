import CounterRandom
import Days
import Foundation
import TestSupport
import Testing

@testable import KeyCounts

@Suite struct KeyCountsTests {
    /// Random counts of a few thousand keys, each some times.
    private static func rows(_ count: Int, keys: UInt64, seed: UInt64) -> [(hash: UInt64, clicked: Bool)] {
        var random = CounterRandom(seed: seed)
        return (0..<count).map { _ in
            let key = random.next() % keys
            // Spread as hashes are; a few at the very ends.
            let hash = key < 4 ? [1, .max, .max - 1, 2][Int(key)] : (key &* 0x9E37_79B9_7F4A_7C15) | 1
            return (hash, random.next() % 5 == 0)
        }
    }

    private static func sums(_ rows: [(hash: UInt64, clicked: Bool)]) -> [KeyCount] {
        var counts: [UInt64: KeyCount] = [:]
        for row in rows {
            counts[row.hash, default: KeyCount(hash: row.hash, impressions: 0, clicks: 0)].impressions += 1
            if row.clicked { counts[row.hash]?.clicks += 1 }
        }
        return counts.values.sorted { $0.hash < $1.hash }
    }

    @Test("Counts are those of a dictionary, however little memory there is", arguments: [1 << 19, 1_000, 10])
    func counting(_ mostKeys: Int) throws {
        try withTemporaryFolder { folder in
            let rows = Self.rows(20_000, keys: 3_000, seed: 1)
            let counter = KeyCounter(folder: folder, mostKeys: mostKeys)
            for row in rows { try counter.add(row.hash, clicked: row.clicked) }
            try counter.add(0, clicked: true)
            let day = Day(ordinal: 20_000)
            let file = try CountsFile.write(try counter.finish(), in: folder, name: "counts", key: "abc", day: day)
            let found = try #require(CountsFile.open(file.path, key: "abc", day: day, checksum: file.checksum))
            #expect(Array(found.counts) == Self.sums(rows))
            #expect(file.impressions == rows.count && file.clicks == rows.filter(\.clicked).count)
            #expect(CountsFile.open(file.path, key: "abd", day: day, checksum: file.checksum) == nil)
            #expect(CountsFile.open(file.path, key: "abc", day: Day(ordinal: 1), checksum: file.checksum) == nil)
            #expect(CountsFile.open(folder + "/none", key: "abc", day: day, checksum: file.checksum) == nil)
        }
    }

    @Test("A damaged file is not opened, whichever byte it is")
    func damage() throws {
        try withTemporaryFolder { folder in
            let counter = KeyCounter(folder: folder)
            for row in Self.rows(50, keys: 9, seed: 2) { try counter.add(row.hash, clicked: row.clicked) }
            let day = Day(ordinal: 7)
            let file = try CountsFile.write(try counter.finish(), in: folder, name: "counts", key: "ff", day: day)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
            for position in bytes.indices {
                var damaged = bytes
                damaged[position] ^= 4
                try damaged.write(to: URL(fileURLWithPath: folder + "/damaged"))
                #expect(
                    CountsFile.open(folder + "/damaged", key: "ff", day: day, checksum: file.checksum) == nil,
                    "byte \(position)")
            }
            try bytes.prefix(bytes.count - 16).write(to: URL(fileURLWithPath: folder + "/short"))
            #expect(CountsFile.open(folder + "/short", key: "ff", day: day, checksum: file.checksum) == nil)
        }
    }

    @Test("A table adds up the days of its windows by their weights", arguments: [40, 5_000, 40_000])
    func table(_ keys: Int) throws {
        try withTemporaryFolder { folder in
            let days = (0..<5).map { Self.rows(3 * keys, keys: UInt64(keys), seed: UInt64(3 + $0)) }
            let weights = days.indices.map { [$0 == 4 ? 1.0 : 0, 1, pow(0.5, Double(4 - $0))] }
            let counts = zip(days, weights).map { (SortedCounts(Self.sums($0)), $1) }
            let table = try HistoryTable(counts, windows: 3, folder: folder, threads: 3)
            var expected: [UInt64: [Float]] = [:]
            for (day, weights) in zip(days, weights) {
                for count in Self.sums(day) {
                    for (window, weight) in weights.enumerated() {
                        expected[count.hash, default: [0, 0, 0, 0, 0, 0]][2 * window] +=
                            Float(weight) * Float(count.impressions)
                        expected[count.hash]?[2 * window + 1] += Float(weight) * Float(count.clicks)
                    }
                }
            }
            #expect(table.count == expected.count)
            for (hash, sums) in expected {
                let found = try #require(table.find(hash))
                for (number, sum) in sums.enumerated() { #expect(abs(found[number] - sum) <= 1e-5 * max(1, sum)) }
            }
            #expect(table.find(12_345) == nil)
            #expect(table.rates[1].impressions == Double(15 * keys) && table.rates[0].impressions == Double(3 * keys))
            var visited: [UInt64] = []
            table.visit { hash, _ in visited.append(hash) }
            #expect(visited == expected.keys.sorted())
            // Prior and strength are stored with versions: they must not depend on who adds up.
            #expect(try HistoryTable(counts, windows: 3, folder: folder).rates == table.rates)
        }
    }

    @Test("A table of no days finds nothing")
    func empty() throws {
        try withTemporaryFolder { folder in
            let table = try HistoryTable([], windows: 1, folder: folder, threads: 2)
            #expect(table.count == 0 && table.find(1) == nil && table.find(.max) == nil)
            #expect(table.rates.isEmpty || table.rates[0].keys == 0)
        }
    }

    @Test("Mean and strength of beta-distributed rates are found again")
    func moments() throws {
        var random = CounterRandom(seed: 5)
        func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        // Beta(2, 6) as the second least of seven uniform numbers; α + β = 8.
        var sums = RateMoments.Sums()
        for _ in 0..<20_000 {
            let rate = (0..<7).map { _ in uniform() }.sorted()[1]
            let shown = 1 + Int(random.next() % 60)
            sums.add(impressions: Double(shown), clicks: Double((0..<shown).filter { _ in uniform() < rate }.count))
        }
        let rates = RateMoments(sums)
        #expect(abs(rates.prior - 0.25) < 0.01)
        #expect(abs(rates.strength - 8) < 0.8)
    }

    @Test("Without clicks, with clicks only, and with one key, all is finite")
    func odd() {
        for (keys, clicks) in [(0, 0.0), (1, 0), (1, 5), (3, 0), (3, 5)] {
            var sums = RateMoments.Sums()
            for _ in 0..<keys { sums.add(impressions: 5, clicks: clicks) }
            let rates = RateMoments(sums)
            #expect(rates.prior > 0 && rates.prior < 1 && rates.strength > 0 && rates.strength.isFinite)
        }
    }

    @Test("Copies of a row are counted once, in whatever order they come")
    func copies() throws {
        try withTemporaryFolder { folder in
            let rows: [(id: UInt64, key: UInt64, clicked: Bool)] = [(7, 50, false), (8, 40, true), (7, 30, false)]
            var found: [[KeyCount]] = []
            for order in [[0, 1, 2], [2, 1, 0], [0, 2, 1]] {
                let counter = RowCounter(keys: 1, isSorted: false, folder: folder)
                for row in order.map({ rows[$0] }) {
                    var key = row.key
                    try withUnsafeMutablePointer(to: &key) { key in
                        try counter.add(
                            row.id, at: 1, clicked: row.clicked, UnsafeMutableBufferPointer(start: key, count: 1))
                    }
                }
                found.append(try counter.finish().joined().flatMap { Array($0.counts) })
            }
            let expected = [
                KeyCount(hash: 30, impressions: 1, clicks: 0), KeyCount(hash: 40, impressions: 1, clicks: 1),
            ]
            #expect(found.allSatisfy { $0 == expected })
        }
    }
}

import CounterRandom
import Evaluation
import Foundation
import TestSupport
import Testing

@testable import Night

@Suite struct MatchedLogitsTests {
    /// The other cache's rows have the logits 0, 1, 2, …, so that a logit says which row was found.
    private static func matched(_ keys: [UInt32], in space: ScratchSpace) throws -> MatchedLogits {
        let size = 700
        let starts = Array(stride(from: 0, to: keys.count, by: size))
        return try MatchedLogits(blocks: starts.count, in: space) { index in
            let rows = starts[index]..<min(starts[index] + size, keys.count)
            return (Array(keys[rows]), rows.map(Float.init))
        }
    }

    private static func matched(_ keys: [UInt32]) throws -> MatchedLogits {
        try matched(keys, in: ScratchSpace(folder: "/nowhere"))
    }

    /// The rows that are found, nil for those that are not; asked for in blocks.
    private static func rows(_ matched: MatchedLogits, of keys: [UInt32]) throws -> [Int?] {
        try stride(from: 0, to: keys.count, by: 500).flatMap { start in
            try matched.logits(of: Array(keys[start..<min(start + 500, keys.count)]))
        }.map { $0.isNaN ? nil : Int($0) }
    }

    private static func all(_ ranges: Range<Int>...) -> [Int?] { ranges.flatMap { $0.map(Optional.some) } }

    /// Keys that are all different, in no order, the least and the greatest among them.
    private static func keys(_ count: Int) -> [UInt32] {
        var random = CounterRandom(seed: 5)
        var keys: Set<UInt32> = [0, .max]
        while keys.count < count { keys.insert(UInt32(truncatingIfNeeded: random.next())) }
        return keys.sorted { $0 &* 2_654_435_761 < $1 &* 2_654_435_761 }
    }

    @Test("Rows are found however far they are from their place")
    func farAway() throws {
        let keys = Self.keys(30_000)
        let turned = Array(keys[10_000...] + keys[..<10_000])
        #expect(try Self.rows(Self.matched(turned), of: keys) == Self.all(20_000..<30_000, 0..<20_000))
        #expect(try Self.rows(Self.matched(keys.reversed()), of: keys) == Self.all(0..<30_000).reversed())
    }

    @Test("Rows that only one of the caches has disturb no others, and those that the other lacks are counted")
    func missingRows() throws {
        let keys = Self.keys(30_000)
        // The other cache lacks half of the day and every seventh row; this one lacks every fifth row.
        let others = keys.enumerated().filter { $0.offset >= 15_000 && $0.offset % 7 > 0 }.map(\.element)
        let own = keys.enumerated().filter { $0.offset % 5 > 0 }.map(\.element)
        let place = Dictionary(uniqueKeysWithValues: zip(others, 0...))
        let matched = try Self.matched(others)
        #expect(try Self.rows(matched, of: own) == own.map { place[$0] })
        #expect(matched.missing == own.count { place[$0] == nil })
    }

    @Test("A repeated key finds the row that comes next, and no row twice")
    func repeatedKeys() throws {
        // Each key thrice, 1,000 rows apart.
        let keys = (0..<3).flatMap { _ in (0..<1_000).map { UInt32($0) } }
        #expect(try Self.rows(Self.matched(keys), of: keys) == Self.all(0..<3_000))
        // The other cache lacks the middle third: the nearest one is taken, and then nothing is left for the last.
        let matched = try Self.matched(Array(keys[..<1_000] + keys[2_000...]))
        let found = try Self.rows(matched, of: keys)
        #expect(Set(found.compactMap { $0 }).count == 2_000 && matched.missing == 1_000)
        #expect(Array(found.prefix(2_000)) == Self.all(0..<2_000))
        // All rows have the same key.
        let same = try Self.matched([UInt32](repeating: 9, count: 20_000))
        let all = try Self.rows(same, of: [UInt32](repeating: 9, count: 20_010))
        #expect(all == Self.all(0..<20_000) + [Int?](repeating: nil, count: 10))
    }

    @Test("Either side may be empty")
    func empty() throws {
        let nothing = try Self.matched([])
        #expect(try Self.rows(nothing, of: [1, 2, 1]) == [nil, nil, nil] && nothing.missing == 3)
        let some = try Self.matched([1, 2])
        #expect(try Self.rows(some, of: []) == [] && some.missing == 0)
    }

    /// With so little memory that sort, records and logits all go to disk, in several runs and pages.
    @Test("Of the rows with a key that are left, the nearest to the place is taken", arguments: [2_048, 256 << 20])
    func nearest(_ memory: Int) throws {
        try withTemporaryFolder { folder in
            for seed in 1...4 {
                var random = CounterRandom(seed: UInt64(seed))
                func keys(_ count: Int, distinct: UInt64) -> [UInt32] {
                    (0..<count).map { _ in UInt32(random.next() % distinct) }
                }
                let distinct: UInt64 = seed % 2 == 0 ? 3 : 900
                let (others, own) = (keys(3_000, distinct: distinct), keys(3_300, distinct: distinct))
                let matched = try Self.matched(others, in: ScratchSpace(folder: folder, memoryBytes: memory))
                let found = try Self.rows(matched, of: own)
                var left: [UInt32: [Int]] = Dictionary(grouping: others.indices) { others[$0] }
                var (next, expected): (Int, [Int?]) = (0, [])
                for key in own {
                    let row = left[key]?.min { (abs($0 - next), $0) < (abs($1 - next), $1) }
                    expected.append(row)
                    guard let row else { continue }
                    left[key]?.removeAll { $0 == row }
                    next = row + 1
                }
                #expect(found == expected)
                #expect(matched.missing == expected.count { $0 == nil })
            }
        }
    }
}

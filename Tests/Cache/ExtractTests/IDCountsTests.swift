import CounterRandom
import Foundation
import Testing

@testable import Extract

/// Counts of ids, sets of ids and how they are stored, each against a dictionary or a set.
@Suite struct IDCountsTests {
    private static func ids(_ count: Int, below bound: UInt32, seed: UInt64) -> [UInt32] {
        var random = CounterRandom(seed: seed)
        return (0..<count).map { _ in UInt32(truncatingIfNeeded: random.next()) % bound }
    }

    @Test("Ids are counted as a dictionary counts them, one by one, several at once and merged")
    func counts() {
        for space in [50, 1 << 16, 1 << 20, 1 << 31] {
            let ids = Self.ids(40_000, below: UInt32(min(space, 30_000)), seed: UInt64(space))
            var expected: [UInt32: UInt32] = [:]
            for id in ids { expected[id, default: 0] += 1 }
            var one = IDCounts(of: space)
            one.add(Array(ids[..<10_000]))
            var other = IDCounts(of: space)
            other.add(Array(ids[10_000..<20_000]))
            one.add(other)
            let rest = Dictionary(ids[20_000...].map { ($0, UInt32(1)) }, uniquingKeysWith: +)
            for (id, count) in rest { one.add(id, count: count) }
            #expect(one.missing == Int(expected[0] ?? 0))
            #expect(one.distinct == expected.count { $0.key != 0 })
            let bins = one.byBin()
            let mask = space <= 1 << 18 ? UInt32.max : 0xFFFF
            #expect(bins.count == (space <= 1 << 18 ? space : 1 << 16))
            for (id, count) in expected { #expect(bins[Int(id & mask)] >= count) }
            #expect(bins.reduce(0) { $0 + Int($1) } == ids.count)
            let taken = one.taken()
            let remainders = Set(expected.keys.filter { $0 != 0 }.map { space > 1 << 28 ? $0 & 0x3F_FFFF : $0 })
            // Beyond 2^28 ids the number is an estimate.
            #expect(abs(taken.distinct - remainders.count) <= (space > 1 << 28 ? 300 : 0))
        }
    }

    @Test("More ids than are counted one by one are counted by remainder, in whatever order they come")
    func folded() {
        let ids = Set(Self.ids(IDCounts.mostSeparate + 50_000, below: 1 << 31, seed: 7)).subtracting([0]).sorted()
        var inOrder = IDCounts(of: 1 << 31)
        inOrder.add(ids)
        var (first, second) = (IDCounts(of: 1 << 31), IDCounts(of: 1 << 31))
        first.add(Array(ids[..<700_000].reversed()))
        second.add(Array(ids[700_000...]))
        second.add(first)
        second.add(0, count: 3)
        #expect(inOrder.distinct == second.distinct && inOrder.taken() == second.taken())
        #expect(abs(Double(inOrder.distinct) / Double(ids.count) - 1) < 0.002)
        var bins = inOrder.byBin()
        bins[0] += 3
        #expect(bins == second.byBin() && second.missing == 3)
        var few = IDCounts(of: 1 << 31)
        few.add(Array(ids[..<IDCounts.mostSeparate]))
        #expect(few.distinct == IDCounts.mostSeparate)
    }

    @Test("A set of ids is the same after it was stored, in the shorter form; bits of earlier releases are read too")
    func stored() throws {
        for (space, count) in [(1, 0), (9, 8), (100, 3), (1 << 16, 100), (1 << 16, 60_000), (1 << 31, 50_000)] {
            var taken = TakenIDs(of: space)
            if space > 1 { for id in Self.ids(count, below: UInt32(space), seed: 5) { taken.insert(id) } }
            let stored = taken.stored
            var again = TakenIDs(of: space)
            again.formUnion(try #require(StoredIDs(coding: stored.coding, bytes: stored.bytes)))
            #expect(again == taken, "\(space) \(count)")
            #expect(stored.bytes.count <= (min(space, 1 << 22) + 7) / 8)
        }
        var sparse = TakenIDs(of: 1 << 31)
        for id in [UInt32(5), 1 << 22, 700, 1 << 21] { sparse.insert(id) }
        #expect(sparse.stored == .gaps([0, 5, 0xB7, 5, 0xC4, 0xFA, 0x7F]))
        var old = TakenIDs(of: 20)
        // One bit more than this release has, and one of the missing value's.
        old.formUnion(.bits([0b0000_0011, 0, 0b0000_1000, 0xFF]))
        #expect(old.distinct == 2)
        #expect(StoredIDs(coding: "other", bytes: []) == nil)
        // A damaged row sets no place beyond the space, and ends.
        var damaged = TakenIDs(of: 20)
        damaged.formUnion(.gaps([3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80]))
        #expect(damaged.distinct == 1)
    }

    @Test("The most common bins come first, the lower bin first among equal ones")
    func mostCommon() {
        let counts = Self.ids(5_000, below: 40, seed: 9)
        let expected = counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$1], $0) < (counts[$0], $1) }
        #expect(FieldTally.mostCommon(counts) == Array(expected.prefix(32)))
        #expect(FieldTally.mostCommon([0, 2, 0, 2, 1]) == [1, 3, 4])
    }

    @Test("Rows that share a key are counted as sorting counts them")
    func keys() {
        let keys = Self.ids(60_000, below: 50_000, seed: 3).map { $0 &* 85_899 }
        var tally = KeyTally()
        tally.add(keys)
        let groups = Dictionary(grouping: keys) { $0 }.values.filter { $0.count > 1 }
        let found = Double(groups.reduce(0) { $0 + $1.count })
        let chance = 1 - exp(-60_000 / 4_294_967_296.0)
        #expect(abs(Double(tally.shared(of: 60_000)) - (found - 60_000 * chance) / (1 - chance)) <= 1)
    }
}

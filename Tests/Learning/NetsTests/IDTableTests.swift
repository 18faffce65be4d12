import CounterRandom
import Nets
import Testing

@Suite struct IDTableTests {
    /// Ascending, at random or close together.
    static func ids(_ count: Int, below bound: UInt64, seed: UInt64) -> [UInt32] {
        var random = CounterRandom(seed: seed)
        var ids: Set<UInt32> = []
        while ids.count < count { ids.insert(UInt32(1 + random.next() % (bound - 1))) }
        return ids.sorted()
    }

    @Test(
        "Every known id has the row of its rank, 0 has row 0, and any other id has the last",
        arguments: [0, 1, 2, 3, 4, 7, 8, 100, 5_000], [UInt64(1) << 31, 7_000])
    func rows(_ count: Int, _ bound: UInt64) throws {
        let ids = Self.ids(count, below: bound, seed: UInt64(count) + bound)
        let table = try #require(IDTable(ids))
        #expect(table.rows == count + 2 && table.unseenRow == count + 1)
        #expect(table.rows(of: [0] + ids) == (0...UInt32(count)).map { $0 })
        let known = Set(ids)
        var random = CounterRandom(seed: 9)
        let others = (0..<2_000).map { _ in UInt32(random.next() % bound) }.filter { $0 != 0 && !known.contains($0) }
        #expect(table.rows(of: others + [.max, 1 << 31]).allSatisfy { $0 == UInt32(count + 1) })
        #expect(!others.isEmpty)
    }

    @Test("Ids that are not ascending, not above 0 or have more than 31 bits make no table")
    func refused() {
        for ids in [[0], [2, 1], [3, 3], [1, 1 << 31]] as [[UInt32]] { #expect(IDTable(ids) == nil) }
        #expect(IDTable([1, IDTable.largestID]) != nil)
    }
}

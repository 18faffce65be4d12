import CounterRandom
import Testing

@testable import Onboarding

@Suite struct CrossSearchTests {
    /// Rows of some users and items, clicked by a probability; the third column has nothing to do with it.
    private static func rows(
        _ count: Int, users: Int = 200, items: Int = 50, seed: UInt64 = 1, _ rate: (_ user: Int, _ item: Int) -> Double
    ) -> RecentRows {
        var random = CounterRandom(seed: seed)
        var codes: [[UInt32]] = [[], [], []]
        var clicked: [Bool] = []
        for _ in 0..<count {
            let user = Int(random.uniform() * Double(users))
            let item = Int(random.uniform() * Double(items))
            codes[0].append(UInt32(user + 1))
            codes[1].append(UInt32(item + 1))
            codes[2].append(UInt32(random.uniform() * 30) + 1)
            clicked.append(random.uniform() < rate(user, item))
        }
        return RecentRows(codes: codes, clicked: clicked)
    }

    /// 0…1, the same for the same pair.
    private static func taste(_ user: Int, _ item: Int) -> Double {
        var random = CounterRandom(seed: 99, position: UInt64(user * 1_000 + item))
        return random.uniform()
    }

    @Test(
        "Pairs that come again and have click rates of their own are found, with how often they came before and by chance"
    )
    func found() throws {
        let rows = Self.rows(40_000) { Self.taste($0, $1) < 0.2 ? 0.8 : 0.05 }
        let crosses = CrossSearch(rows: rows, candidates: [0, 1, 2]).found()
        #expect(crosses.count == 1)
        let cross = try #require(crosses.first)
        #expect(cross.first == 0 && cross.second == 1)
        #expect(cross.gain > 0.1 && cross.certainty > 10)
        // Users and items are drawn without regard to one another.
        #expect(abs(cross.seen - cross.seenByChance) < 0.02 && cross.seen > 0.9)
        #expect(cross.pairs > 9_000 && cross.pairs <= 10_000)
    }

    @Test("Pairs whose click rates follow from those of both columns are no cross")
    func additive() {
        let rows = Self.rows(40_000) { 0.02 + 0.4 * Self.taste($0, 0) * Self.taste(0, $1) }
        #expect(CrossSearch(rows: rows, candidates: [0, 1, 2]).found().isEmpty)
        #expect(CrossSearch(rows: Self.rows(40_000) { _, _ in 0.1 }, candidates: [0, 1, 2]).found().isEmpty)
    }

    @Test("Pairs that do not come again are no cross, whatever their rates")
    func neverAgain() {
        let rows = Self.rows(20_000, users: 20_000, items: 5_000) { Self.taste($0, $1) < 0.2 ? 0.8 : 0.05 }
        #expect(CrossSearch(rows: rows, candidates: [0, 1, 2]).found().isEmpty)
    }

    @Test("Another name of a column makes no cross with it, and few rows or one class allow no judgement")
    func degenerate() {
        var rows = Self.rows(40_000) { Self.taste($0, $1) < 0.2 ? 0.8 : 0.05 }
        rows.codes[1] = rows.codes[0].map { $0 * 7 }
        #expect(CrossSearch(rows: rows, candidates: [0, 1, 2]).found().isEmpty)
        #expect(CrossSearch(rows: Self.rows(500) { _, _ in 0.5 }, candidates: [0, 1]).found().isEmpty)
        #expect(CrossSearch(rows: Self.rows(5_000) { _, _ in 1.1 }, candidates: [0, 1]).found().isEmpty)
        #expect(CrossSearch(rows: RecentRows(codes: [[], []], clicked: []), candidates: [0, 1]).found().isEmpty)
    }
}

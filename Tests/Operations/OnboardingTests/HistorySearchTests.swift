import CounterRandom
import Testing

@testable import Onboarding

@Suite struct HistorySearchTests {
    /// Rows of several days: ads of a category each, users; clicked by a probability.
    private static func rows(
        days: Int = 14, perDay: Int = 3_000, ads: Int = 60, users: Int = 4_000, seed: UInt64 = 1,
        _ rate: (_ day: Int, _ ad: Int) -> Double
    ) -> RecentRows {
        var random = CounterRandom(seed: seed)
        var rows = RecentRows(codes: [[], [], []], clicked: [])
        for day in 0..<days {
            for _ in 0..<perDay {
                let ad = Int(random.uniform() * Double(ads))
                rows.codes[0].append(UInt32(ad + 1))
                rows.codes[1].append(UInt32(random.uniform() * Double(users)) + 1)
                rows.codes[2].append(UInt32(ad % 5 + 1))
                rows.clicked.append(random.uniform() < rate(day, ad))
                rows.days.append(Int32(20_000 + day))
            }
        }
        return rows
    }

    /// 0…1, the same for the same numbers.
    private static func draw(_ first: Int, _ second: Int) -> Double {
        var random = CounterRandom(seed: 7, position: UInt64(first * 1_000 + second))
        return random.uniform()
    }

    private static func search(_ rows: RecentRows, lag: Int = 2) -> HistorySearch.Found? {
        HistorySearch(rows: rows, candidates: [0, 1], persons: [1], lag: lag).found()
    }

    @Test("Ads whose click rates change every five days have a history that pays, and the same rows give the same")
    func found() throws {
        let rows = Self.rows { day, ad in Self.draw(day / 5, ad) < 0.3 ? 0.5 : 0.05 }
        let found = try #require(Self.search(rows))
        #expect(found.keys.first?.key == [0])
        #expect(found.gain > 0.01 && found.certainty > 5)
        #expect(found.keys.first?.seen == 1)
        #expect(Self.search(rows) == found)
    }

    @Test("Users without rates of their own have no history worth counting")
    func nothingToKnow() {
        #expect(Self.search(Self.rows { _, _ in 0.1 }) == nil)
    }

    @Test("A day's own labels and those that are not mature are never counted")
    func clock() {
        // Each ad is clicked on one day only, always; every look at that day or the one before it would tell.
        let rows = Self.rows(days: 8, perDay: 400, ads: 20) { day, ad in ad % 8 == day ? 1 : 0 }
        let groups = KeyGroups(rows, 0)
        for span in [HistorySpan.days(1), .days(3), .halfLife(1)] {
            for lag in 1...3 {
                let counts = HistoryCounts(groups, rows, span: span, lag: lag)
                for row in rows.clicked.indices {
                    let day = Int(rows.days[row]) - 20_000
                    let ad = Int(rows.codes[0][row]) - 1
                    let isKnown = ad % 8 <= day - lag
                    if !isKnown { #expect(counts.rates[row] <= 0, "day \(day), ad \(ad), lag \(lag), \(span)") }
                    if day < lag { #expect(counts.impressions[row] == 0) }
                }
            }
        }
    }

    @Test("A window ends at the newest mature day and begins so many days before")
    func window() {
        var rows = Self.rows(days: 8, perDay: 100, ads: 1) { day, _ in day == 2 ? 1 : 0 }
        rows.codes[1] = rows.codes[0].indices.map { UInt32(rows.days[$0]) }
        let counts = HistoryCounts(KeyGroups(rows, 0), rows, span: .days(2), lag: 2)
        // Days 4 and 5 see day 2: as the newest day, and as the one before.
        let seen = (0..<8).map { day in
            rows.days.firstIndex(of: Int32(20_000 + day)).map { counts.impressions[$0] } ?? 0
        }
        let full = seen[4]
        #expect(seen[0] == 0 && seen[1] == 0 && seen[2] > 0 && seen[2] < full)
        #expect(seen[4...].allSatisfy { $0 == full })
    }

    @Test("A log of few days, of few rows or of one class is not judged")
    func degenerate() {
        #expect(Self.search(Self.rows(days: 3) { _, ad in ad < 20 ? 0.5 : 0.05 }) == nil)
        #expect(Self.search(Self.rows(perDay: 20) { _, ad in ad < 20 ? 0.5 : 0.05 }) == nil)
        #expect(Self.search(Self.rows { _, _ in 0 }) == nil)
        #expect(Self.search(RecentRows(codes: [[], [], []], clicked: [])) == nil)
    }
}

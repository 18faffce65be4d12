import Days
import Testing

@Suite struct DayTests {
    @Test("A day's text reads back as the same day, over four centuries")
    func roundTrip() {
        for ordinal in stride(from: -100_000, to: 100_000, by: 37) {
            let day = Day(ordinal: ordinal)
            #expect(Day(day.description) == day)
        }
    }

    @Test("Known days have their known ordinals")
    func known() {
        #expect(Day("1970-01-01")?.ordinal == 0)
        #expect(Day("2000-03-01")?.ordinal == 11_017)
        #expect(Day("2024-02-29")?.advanced(by: 1).description == "2024-03-01")
        #expect(Day(utc: -1).description == "1969-12-31")
    }

    @Test(
        "Texts that are no days are refused",
        arguments: ["2023-02-29", "2023-13-01", "2023-1-01", "", "2023-01-01 ", "20230101"])
    func refused(_ text: String) {
        #expect(Day(text) == nil)
    }

    @Test("Days are listed in stretches, whatever their order")
    func stretches() throws {
        let days = try ["2026-02-28", "2026-03-01", "2025-12-31", "2026-03-02", "2026-01-02"].map {
            try #require(Day($0))
        }
        #expect(days.stretches == "2025-12-31, 2026-01-02, 2026-02-28 … 2026-03-02 (3 days)")
        #expect([Day]().stretches.isEmpty)
    }
}

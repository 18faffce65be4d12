import Testing

@testable import Onboarding

@Suite struct ColumnLeakTests {
    /// 5,000 rows, of which every tenth is clicked; a value for each, by its number and whether it is clicked.
    private static func leak(_ value: (Int, Bool) -> String?) -> ColumnLeak? {
        let clicked = (0..<5_000).map { $0 % 10 == 3 }
        return ColumnLeak(clicked.indices.map { value($0, clicked[$0]) }, clicked)
    }

    @Test("A column that has a value only where there is a click is written after it, also if a few clicks were lost")
    func filledOnlyWhereClicked() {
        // Half of the clicks have it; nothing else has.
        let seconds = Self.leak { $1 && $0 % 20 == 3 ? "\($0)" : nil }
        #expect(seconds == .filledOnlyWhereClicked(rows: 250, otherwise: nil))
        let zero = Self.leak { $1 && $0 % 20 == 3 ? "0.\($0)" : "0.00" }
        #expect(zero == .filledOnlyWhereClicked(rows: 250, otherwise: nil))
        let lost = Self.leak { $1 && $0 % 20 == 3 || $0 % 2_500 == 7 ? "\($0)" : nil }
        #expect(lost == .filledOnlyWhereClicked(rows: 252, otherwise: nil))
        let state = Self.leak { $1 && $0 % 20 == 3 ? (["seen", "done"][$0 / 20 % 2]) : "open" }
        #expect(state == .filledOnlyWhereClicked(rows: 250, otherwise: "open"))
    }

    @Test("A value that is there exactly with the click, or exactly without it, is the click")
    func sameAsClick() {
        #expect(Self.leak { "\($1)" } == .sameAsClick(value: "true", clicked: true))
        #expect(Self.leak { $1 ? nil : "skip \($0 % 7)" } == .sameAsClick(value: nil, clicked: true))
        #expect(
            Self.leak { $1 ? "click" : ["close", "ignore"][$0 % 2] } == .sameAsClick(value: "click", clicked: true))
    }

    @Test("Columns that tell much of the click, but have values of both kinds of rows, are kept")
    func strong() {
        // Nine in ten rows of the value are clicked, and nine in ten clicks have it.
        #expect(Self.leak { $0 % 100 == 13 ? "side" : $1 || $0 % 100 == 5 ? "top" : "side" } == nil)
        #expect(Self.leak { $1 && $0 % 4 > 0 ? "1" : $0 % 50 == 0 ? "1" : "0" } == nil)
        #expect(Self.leak { _, _ in "same" } == nil)
        #expect(Self.leak { row, _ in "\(row)" } == nil)
        #expect(Self.leak { row, _ in row % 3 == 0 ? nil : "\(row % 5)" } == nil)
    }

    @Test("Where nearly every row is clicked, a column of chance is not taken for the click")
    func manyClicks() {
        let clicked = (0..<5_000).map { $0 % 100 != 3 }
        #expect(ColumnLeak(clicked.indices.map { $0 * 7_919 % 1_000 < 150 ? "x" : nil }, clicked) == nil)
        #expect(ColumnLeak(clicked.indices.map { $0 * 7_919 % 1_000 < 500 ? "a" : "b" }, clicked) == nil)
    }
}

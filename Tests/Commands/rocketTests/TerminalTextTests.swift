import Testing

@testable import rocket

@Suite struct TerminalTextTests {
    private static let table = """
        before
        +-------+--------------+-------+
        | model | long title   |     n |
        +-------+--------------+-------+
        | a     | one two | ää |     1 |
        | b     |              | 2,000 |
        +-------+--------------+-------+
        after
        """

    @Test("A table that fits, and any text that goes to a file, stays as it is")
    func unchanged() {
        for width in [nil, 80, 32] { #expect(TerminalText(width: width).fitted(Self.table) == Self.table) }
    }

    @Test("A table that is wider than the terminal has a field per line and loses no value")
    func fields() {
        let text = TerminalText(width: 24).fitted(Self.table)
        #expect(
            text == """
                before
                model       a
                long title  one two | ää
                n           1

                model       b
                long title\("  ")
                n           2,000
                after
                """)
        for line in TerminalText(width: 18).fitted(Self.table).split(separator: "\n") { #expect(line.count <= 18) }
    }

    @Test("Long lines break at words, keep their words in order, and a word that is longer than the line is kept whole")
    func wrapping() {
        let text = "  fix: run rocket backfill --stale --job /srv/a/very/long/path/to/a/job/file.yaml, then look again"
        let wrapped = TerminalText(width: 30).wrapped(text, indent: 4)
        #expect(wrapped.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("    ") })
        #expect(wrapped.split { $0 == " " || $0 == "\n" } == text.split(separator: " "))
        let long = wrapped.split(separator: "\n").filter { $0.count > 30 }
        #expect(long.count == 1 && long.first?.contains("/srv/a/very/long") == true, "\(wrapped)")
        #expect(TerminalText(width: nil).wrapped(text, indent: 4) == text)
    }
}

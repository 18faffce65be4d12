import Reports
import Testing

@Suite struct JobFileChangeTests {
    private static let old = (1...20).map { "line \($0)" }

    private static func change(_ new: [String]) -> JobFileChange? {
        JobFileChange(from: old.joined(separator: "\n") + "\n", to: new.joined(separator: "\n"), since: 7)
    }

    @Test("The same lines are no change, whatever line breaks end the file")
    func same() {
        #expect(Self.change(Self.old) == nil)
    }

    @Test("Changed lines are shown with two lines around them, and gaps between")
    func lines() throws {
        var new = Self.old
        new[4] = "line five"
        new.append("line 21")
        let change = try #require(Self.change(new))
        #expect(change.since == 7)
        #expect(
            change.lines.map { "\($0.kind) \($0.text)" } == [
                "gap …", "same line 3", "same line 4", "removed line 5", "added line five", "same line 6",
                "same line 7",
                "gap …", "same line 19", "same line 20", "added line 21",
            ])
    }

    @Test("Removing and adding what is said gives the new file")
    func applied() throws {
        let new = ["line 0"] + Self.old.filter { !$0.hasSuffix("3") } + ["end"]
        let change = try #require(Self.change(new))
        let removed = change.lines.filter { $0.kind == .removed }.map(\.text)
        let added = change.lines.filter { $0.kind == .added }.map(\.text)
        #expect(removed == ["line 3", "line 13"] && added == ["line 0", "end"])
    }
}

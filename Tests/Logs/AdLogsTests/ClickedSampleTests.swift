import AdLogs
import Testing

@Suite struct ClickedSampleTests {
    private static let source = LogSource(
        impressions: .init(table: "log.shown", id: "id", time: "at"),
        clicks: .init(table: "log.hits", impressionID: "shown_id", time: "at"),
        attributionWindow: AttributionWindow(seconds: 60))

    @Test(
        "Empty, all, none and some are told apart, and only some is beyond doubt",
        arguments: [
            (0, 0, "has no impressions yet", false), (1, 1, "the one impression of log.shown is clicked", false),
            (19, 19, "too few to tell", false), (20, 20, "nothing to learn", true),
            (2_000, 1_985, "nothing to learn", true),
            (1, 0, "the one impression of log.shown has no click", false),
            (2_000, 0, "have no click in log.hits", false),
            (2_000, 1, nil, false), (2_000, 1_900, nil, false),
        ] as [(Int, Int, String?, Bool)])
    func cases(_ rows: Int, _ clicked: Int, _ says: String?, _ isProblem: Bool) {
        let sample = ClickedSample(rows: rows, clicked: clicked)
        #expect(
            says.map { sample.doubt(of: Self.source)?.contains($0) == true } ?? (sample.doubt(of: Self.source) == nil))
        #expect((sample.nothingToLearn(of: Self.source) != nil) == isProblem)
    }

    @Test("A sample that takes too long is not known, with the limit and the columns that an index helps")
    func unknown() {
        let doubt = ClickedSample.unknown(milliseconds: 20_000).doubt(of: Self.source)
        #expect(doubt?.contains("is not known: counting took longer than 20 s") == true)
        #expect(doubt?.contains("id of log.shown and on shown_id of log.hits") == true)
        #expect(ClickedSample.unknown(milliseconds: 20_000).nothingToLearn(of: Self.source) == nil)
    }
}

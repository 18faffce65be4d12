import AdLogs
import OperationsSupport
import Postgres
import TestSupport
import Testing

@testable import Onboarding

/// What is said where the server takes longer than `rocket init` waits: that it is not known, and never a reason that
/// was not found out.
@Suite struct LimitTests {
    /// Every row takes a millisecond and more to read.
    private static let slow = "WHERE pg_catalog.pg_sleep(0.001) IS NOT NULL"

    private static let limits: ReadingLimits = {
        var limits = ReadingLimits()
        limits.countMilliseconds = 200
        limits.statementMilliseconds = 200
        limits.readingMilliseconds = 200
        return limits
    }()

    private static func search(
        _ url: String, _ impressions: String, _ clicks: String, _ given: SourceProposal.Given = .init()
    ) throws -> SourceSearch {
        let connection = try TestDatabase.connect(url)
        return SourceSearch(
            impressions: try SurveyedTable(impressions, referenced: clicks, on: connection),
            clicks: try SurveyedTable(clicks, referenced: impressions, on: connection), given: given,
            connection: connection, limits: limits, notice: { _ in })
    }

    @Test("A reference that could not be looked for in time is not known, and not absent")
    func reference() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script("CREATE VIEW log.slow AS SELECT * FROM log.shown \(Self.slow)")
            let error = #expect(throws: JobDraftError.self) {
                try Self.search(url, "log.slow", "log.hits").proposal()
            }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains("names rows of log.slow is not known"), "\(said)")
            #expect(said.contains("counting the values of columns of log.slow took longer than 200 ms"), "\(said)")
            #expect(!said.contains("none has values of a unique column"), "\(said)")
        }
    }

    @Test(
        "A given reference that could not be tried is in the draft's remarks, and rows that could not be read are said")
    func givenReference() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script("CREATE VIEW log.slow AS SELECT * FROM log.shown \(Self.slow)")
            let given = SourceProposal.Given(impressionID: "id", clickImpression: "shown_id")
            let search = try Self.search(url, "log.slow", "log.hits", given)
            let source = try search.proposal()
            #expect(
                source.remarks.contains { $0.contains("shown_id = id is not known") && $0.contains("200 ms") },
                "\(source.remarks)")
            let sample = try LogSample(search, source, limits: Self.limits)
            #expect(sample.rows == 0 && sample.limit == "200 ms")
            let said = "\(JobDraftError.unread(table: "log.slow", limit: "200 ms"))"
            #expect(said.contains("whether it has any is not known"))
        }
    }

    @Test("Kinds of events whose values could not be counted in time are not known, and not absent")
    func events() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 6_000, on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE VIEW "Ads"."Slow" AS
                SELECT "EventId", "ParentEventId", "EventType"::text AS "EventType", "Placement",
                       "EventTime" AT TIME ZONE 'UTC' AS "At"
                FROM "Ads"."AdEvents" \(Self.slow);
                CREATE VIEW "Ads"."SlowKinds" AS
                SELECT "EventId", "ParentEventId", "EventType", "EventTime" AT TIME ZONE 'UTC' AS "At"
                FROM "Ads"."AdEvents" \(Self.slow);
                """)
            let error = #expect(throws: JobDraftError.self) { try Self.search(url, "Ads.Slow", "Ads.Slow").proposal() }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains("whether a column tells them apart is not known"), "\(said)")
            #expect(said.contains("counting the values of EventType took longer than 200 ms"), "\(said)")
            #expect(said.contains("finding the columns of few values took longer"), "\(said)")
            // The labels of an enumeration are known without a look at the rows.
            let given = SourceProposal.Given(impressionID: "EventId", clickImpression: "ParentEventId")
            let source = try Self.search(url, "Ads.SlowKinds", "Ads.SlowKinds", given).proposal()
            #expect(source.clicks.conditions == [RowCondition(column: "EventType", values: ["Click"])])
            #expect(
                source.remarks.contains {
                    $0.contains("how many rows of Ads.SlowKinds have each EventType is not known")
                },
                "\(source.remarks)")
        }
    }
}

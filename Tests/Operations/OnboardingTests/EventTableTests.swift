import Foundation
import Onboarding
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// What `rocket init` makes of one table that holds both events, and of names and tables that are not quite right.
@Suite struct EventTableTests {
    private static func rocket(_ arguments: [String], _ url: String) throws -> RocketProgram.Result {
        try RocketProgram.rocket(
            arguments, database: url, environment: ["ROCKET_MIGRATIONS": "\(TestDatabase.repository)/migrations"])
    }

    private static func draft(
        _ tables: [String], _ url: String
    ) throws -> (result: RocketProgram.Result, text: String) {
        var drafted: (RocketProgram.Result, String)?
        try withTemporaryFolder { folder in
            let path = "\(folder)/job.yaml"
            let result = try rocket(["init"] + tables + ["--output", path], url)
            drafted = (result, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
        }
        return try #require(drafted)
    }

    /// A view with a zone, for tests in which that is not the point.
    private static func zoned(_ url: String) throws {
        try TestDatabase.connect(url).script(
            """
            CREATE VIEW "Ads"."Events" AS SELECT *, "EventTime" AT TIME ZONE 'UTC' AS "At" FROM "Ads"."AdEvents";
            """)
    }

    @Test("One table with both events, quoted names, no zone and no index leads to a live version by what init prints")
    func path() throws {
        try TestDatabase.run(.empty) { url in
            try withTemporaryFolder { folder in
                try EventLogs.create(on: url)
                let job = "\(folder)/events.yaml"
                func expectDone(_ arguments: [String]) throws -> String {
                    let result = try Self.rocket(arguments, url)
                    #expect(result.code == 0, "\(arguments): \(result.output)\(result.errors)")
                    return result.output
                }
                _ = try expectDone(["migrate"])
                let refused = try Self.rocket(["init", "--impressions", "\"Ads\".\"AdEvents\"", "--output", job], url)
                #expect(refused.code == 6 && refused.errors.contains("EventTime of Ads.AdEvents has type timestamp"))
                // The statements, pasted as they are.
                let statements = refused.errors.split(separator: "\n").filter {
                    $0.hasPrefix("  ") && $0.hasSuffix(";")
                }
                #expect(statements.count == 3, "\(refused.errors)")
                for statement in statements { try TestDatabase.connect(url).script(String(statement)) }
                let drafted = try expectDone(
                    ["init", "--impressions", "\"Ads\".\"AdEvents_utc\"", "--model", "events", "--output", job])
                #expect(drafted.contains("holds both events") && drafted.contains(": ok"), "\(drafted)")
                let text = try String(contentsOfFile: job, encoding: .utf8)
                #expect(
                    text.contains("id: EventId, time: EventTime_utc, where: {EventType: Impression}}")
                        && text.contains(
                            "impression_id: ParentEventId, time: EventTime_utc, where: {EventType: Click}}"),
                    "\(text)")
                #expect(text.contains("window_days: 5") && text.contains("attribution_window: 5m"))
                // The one thing that a test must have elsewhere.
                try text.replacing(".rocket/cache", with: "\(folder)/cache").write(
                    toFile: job, atomically: true, encoding: .utf8)
                #expect(try expectDone(["config", "check", job, "--database"]).contains(": ok"))
                #expect(try expectDone(["doctor", "--job", job]).contains("all is well"))
                _ = try expectDone(["nightly", "--quiet", "--job", job])
                #expect(try expectDone(["report", "--job", job]).contains("model events, version 1, live"))
                let page = "\(folder)/events.html"
                _ = try expectDone(["report", "--model", "events", "--html", page])
                #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<svg"))
                _ = try expectDone(["status", "--job", job])
            }
        }
    }

    @Test("Clicks that share a column, or a request and a position, with their impression are joined by them")
    func references() throws {
        for (reference, id, referring) in [
            (EventLogs.Reference.shared, "id: ImpressionId,", "impression_id: ImpressionId,"),
            (.composite, "id: [RequestId, Position],", "impression_id: [RequestId, Position],"),
        ] {
            try TestDatabase.run(.empty) { url in
                try EventLogs.create(impressions: 12_000, reference, on: url)
                try Self.zoned(url)
                let (result, text) = try Self.draft(["--impressions", "Ads.Events", "--clicks", "Ads.Events"], url)
                #expect(result.code == 0 && text.contains(id) && text.contains(referring), "\(result.errors)\(text)")
                try TestDatabase.connect(url).script("ANALYZE \"Ads\".\"AdEvents\"")
                #expect(try Self.draft(["--impressions", "Ads.Events"], url).text == text)
            }
        }
    }

    @Test("Codes of events are taken by their numbers, and asked about; --impressions-where and --clicks-where decide")
    func codes() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 12_000, kinds: ["10", "20", "30"], on: url)
            try Self.zoned(url)
            let (result, text) = try Self.draft(["--impressions", "Ads.Events"], url)
            #expect(result.code == 0 && text.contains("where: {EventType: \"10\"}"), "\(result.errors)\(text)")
            #expect(
                text.contains("where: {EventType: \"20\"}") && result.output.contains("is guessed by their numbers"))
            let given = try Self.draft(
                [
                    "--impressions", "Ads.Events", "--impressions-where", "EventType=10", "--clicks-where",
                    "\"EventType\"=20,30",
                ], url)
            #expect(given.result.code == 0 && given.text.contains("where: {EventType: [\"20\", \"30\"]}"))
            let wrong = try Self.draft(["--impressions", "Ads.Events", "--impressions-where", "eventtype=10"], url)
            #expect(wrong.result.code == 6 && wrong.result.errors.contains("did you mean EventType?"))
        }
    }

    @Test("The same rows as impressions and clicks are no job: for init, config check and doctor")
    func sameRows() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 12_000, .shared, on: url)
            try Self.zoned(url)
            try TestDatabase.connect(url).script(
                "CREATE VIEW \"Ads\".\"Same\" AS SELECT * FROM \"Ads\".\"Events\" WHERE \"EventType\" = 'Impression'")
            let views = [
                "--impressions", "Ads.Events", "--clicks", "Ads.Same", "--impressions-where", "EventType=Impression",
            ]
            let (result, text) = try Self.draft(views, url)
            #expect(result.code == 6 && text.isEmpty && result.errors.contains("nothing to learn"), "\(result.output)")
            let drafted = try Self.draft(["--impressions", "Ads.Events"], url).text
            #expect(drafted.contains("where: {EventType: Click}"))
            _ = try Self.rocket(["migrate"], url)
            try withTemporaryFolder { folder in
                let job = "\(folder)/job.yaml"
                func expect(_ expected: [Int32], of text: String) throws {
                    try text.write(toFile: job, atomically: true, encoding: .utf8)
                    let codes = try [
                        ["config", "check", job], ["config", "check", job, "--database"], ["doctor", "--job", job],
                    ]
                    .map { try Self.rocket($0, url).code }
                    #expect(codes == expected, "\(text)")
                }
                try expect([0, 0, 0], of: drafted)
                let plain = drafted.replacing(", where: {EventType: Impression}", with: "")
                    .replacing(", where: {EventType: Click}", with: "")
                try expect([6, 6, 6], of: plain)
                try expect([6, 6, 6], of: drafted.replacing(", where: {EventType: Click}", with: ""))
                try expect(
                    [6, 6, 6],
                    of: drafted.replacing("where: {EventType: Click}", with: "where: {EventType: Impression}"))
                // Only the rows tell.
                let same = drafted.replacing("clicks: {table: Ads.Events,", with: "clicks: {table: Ads.Same,")
                    .replacing(", where: {EventType: Click}", with: "")
                try expect([0, 6, 6], of: same)
                // A name as psql prints it is the same table.
                let quoted = plain.replacing("clicks: {table: Ads.Events,", with: "clicks: {table: \"Ads\".\"Events\",")
                try expect([6, 6, 6], of: quoted)
            }
        }
    }

    @Test("A table or column that is not there is named with the one that was probably meant")
    func didYouMean() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 6_000, on: url)
            try Self.zoned(url)
            for (arguments, says) in [
                (["--impressions", "ads.adevents"], "did you mean Ads.AdEvents?"),
                (["--impressions", "events"], "did you mean Ads.Events?"),
                (["--impressions", "Ads.Event"], "did you mean Ads.Events?"),
                (["--impressions", "Ads.Events", "--impression-id", "event_id"], "did you mean EventId?"),
                (["--impressions", "Ads.AdEvents", "--impression-time", "EventTime"], "CREATE INDEX CONCURRENTLY ON"),
                (
                    ["--impressions", "Ads.Events", "--impression-time", "EventTime"],
                    "rocket doctor then names the index"
                ),
            ] {
                let (result, text) = try Self.draft(arguments, url)
                #expect(result.code == 6 && text.isEmpty && result.errors.contains(says), "\(result.errors)")
            }
        }
    }

    @Test("Where only a time without a zone is the event's, init says so rather than take the time of loading")
    func betterTime() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 6_000, on: url)
            try TestDatabase.connect(url).script(
                "ALTER TABLE \"Ads\".\"AdEvents\" ALTER \"LoadedAt\" TYPE timestamptz USING \"LoadedAt\" AT TIME ZONE 'UTC'"
            )
            let (result, text) = try Self.draft(["--impressions", "Ads.AdEvents"], url)
            #expect(
                result.code == 6 && text.isEmpty && result.errors.contains("EventTime of Ads.AdEvents"),
                "\(result.errors)")
            let taken = try Self.draft(["--impressions", "Ads.AdEvents", "--impression-time", "\"LoadedAt\""], url)
            #expect(taken.result.code == 0 && taken.text.contains("time: LoadedAt"), "\(taken.result.errors)")
        }
    }

    @Test("Numbers that match an impression's by chance are no reference, and do not hide ids of several columns")
    func chance() throws {
        try TestDatabase.run(.empty) { url in
            try EventLogs.create(impressions: 12_000, .composite, on: url)
            try TestDatabase.connect(url).script(
                """
                ALTER TABLE "Ads"."AdEvents" ADD "Number" bigint GENERATED ALWAYS AS IDENTITY, ADD "Visitor" bigint;
                UPDATE "Ads"."AdEvents" SET "Visitor" = 1 + abs(hashtext("UserId" || "CampaignId")::bigint) % 9000;
                """)
            try Self.zoned(url)
            let (result, text) = try Self.draft(["--impressions", "Ads.Events"], url)
            #expect(
                result.code == 0 && text.contains("impression_id: [RequestId, Position],"), "\(result.errors)\(text)")
        }
    }

    @Test(
        "Ids of both tables that are counted from 1 are no reference; the column that is named after the impression is")
    func counters() throws {
        try TestDatabase.run(.empty) { url in
            try TestDatabase.connect(url).script(
                """
                CREATE SCHEMA log;
                CREATE TABLE log.impressions AS
                SELECT n AS id, timestamptz '2026-01-05 00:00Z' + n * interval '11 days' / 20000 AS at, n % 9 AS item,
                       'p' || n % 50 AS person
                FROM generate_series(1, 20000) n;
                CREATE TABLE log.clicks AS
                SELECT row_number() OVER (ORDER BY id) AS id, id AS impression_id, at + interval '20 s' AS at
                FROM log.impressions WHERE abs(hashtext('luck ' || id)::bigint) % 100 < 5 + item;
                """)
            let (result, text) = try Self.draft(["--impressions", "log.impressions", "--clicks", "log.clicks"], url)
            #expect(result.code == 0 && text.contains("impression_id: impression_id,"), "\(result.errors)\(text)")
        }
    }
}

import AdLogs
import CounterRandom
import Days
import Extract
import FeatureCache
import Foundation
import Postgres
import Testing

/// Which impressions clicks label, held against one plain statement that knows no shards, no tables and no passes.
@Suite struct LabelRulesTests {
    /// Types of an id in both logs, and how a number becomes one.
    struct Ids: Sendable, CustomTestStringConvertible {
        var impression, click: [String]
        /// SQL of the columns' values for the number `#`.
        var value: [String]
        var clickValue: [String]?
        var testDescription: String { "\(impression) and \(click)" }
    }

    static let ids: [Ids] = [
        Ids(impression: ["text"], click: ["text"], value: ["nullif('é' || #, 'é0')"]),
        Ids(
            impression: ["text"], click: ["text"],
            value: ["CASE # WHEN 1 THEN '' WHEN 2 THEN NULL ELSE '\"\\ \t' || # END"]),
        Ids(
            impression: ["varchar(20) COLLATE \"C\""], click: ["text COLLATE \"POSIX\""],
            value: ["CASE # WHEN 1 THEN '' ELSE 'x' || # END"]),
        Ids(impression: ["integer"], click: ["bigint"], value: ["nullif(# - 3, 5)"]),
        Ids(
            impression: ["integer"], click: ["bigint"], value: ["#"],
            clickValue: ["CASE WHEN # % 9 = 0 THEN 5000000000 + # ELSE # END"]),
        Ids(impression: ["bigint"], click: ["smallint"], value: ["#"]),
        Ids(
            impression: ["bigint"], click: ["text"], value: ["9223372036854775000 + #"],
            clickValue: ["CASE WHEN # % 9 = 0 THEN '0' ELSE '' END || 9223372036854775000 + #"]),
        Ids(impression: ["numeric(20,0)"], click: ["bigint"], value: ["#"]),
        Ids(
            impression: ["uuid"], click: ["text"], value: ["md5('' || #)::uuid"],
            clickValue: ["CASE WHEN # % 9 = 0 THEN upper('f' || md5('' || #)) ELSE md5('' || #)::uuid::text END"]),
        Ids(impression: ["date"], click: ["date"], value: ["date '2020-01-01' + #"]),
        Ids(
            impression: ["text", "integer"], click: ["varchar", "bigint"],
            value: ["CASE # / 3 WHEN 1 THEN '' WHEN 2 THEN NULL ELSE 'a,\"' || # / 3 END", "# % 3"]),
        Ids(
            impression: ["text", "text", "smallint"], click: ["text", "text", "integer"],
            value: ["left('ab' || #, # % 3)", "'x' || substr('ab' || #, # % 3 + 1)", "0"]),
    ]

    @Test("Labels, order and every count of three days are those of a plain statement", arguments: ids)
    func property(_ ids: Ids) throws {
        try ExtractionFixture.run { logs in
            var kinds = [Int](repeating: 0, count: 6)
            for seed in 0..<2 as Range<UInt64> {
                try draw(ids, seed: seed + UInt64(ids.testDescription.utf8.count), on: logs.connection)
                for (zone, window) in [("UTC", 3_600), ("Europe/Berlin", 30 * 3_600)] {
                    let columns = (0..<ids.impression.count).map { "id\($0)" }
                    let references = (0..<ids.impression.count).map { "ref\($0)" }
                    let source = LogSource(
                        impressions: .init(table: "rules.imp", id: LogKey(columns: columns), time: "at"),
                        clicks: .init(table: "rules.clk", impressionID: LogKey(columns: references), time: "at"),
                        attributionWindow: AttributionWindow(seconds: window), timeZone: zone)
                    let specification = logs.specification(
                        of: source, [ExtractionFixture.feature("age", .numeric)], shards: 1 + Int(seed) * 4)
                    let expected = try PlainRules(zone: zone, window: window, columns: columns, references: references)
                    for day in ["2026-03-28", "2026-03-29", "2026-03-30"] {
                        let built = try logs.build(specification, day)
                        try expected.check(built, day, on: logs.connection)
                        let clicks = try #require(built.account).clicks
                        let counts = [
                            clicks.first, clicks.duplicates, clicks.late, clicks.early, clicks.orphans,
                            clicks.ambiguous,
                        ]
                        kinds = zip(kinds, counts).map { $0 + $1 }
                    }
                    let stale = StaleDays(logs.connection, logs: logs.connection)
                    #expect(try stale.find(specificationHash: specification.hash).isEmpty)
                }
            }
            // What never comes is not tested.
            #expect(kinds.allSatisfy { $0 > 0 }, "\(kinds)")
        }
    }

    /// Impressions of five days with few ids, on a grid of times, and clicks on and beside every border.
    private func draw(_ ids: Ids, seed: UInt64, on connection: Connection) throws {
        var random = CounterRandom(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        func values(_ number: Int, _ expressions: [String]) -> String {
            expressions.map { expression in
                "(\(expression.replacing("#", with: "\(number)")))"
            }.joined(separator: ", ")
        }
        let columns = zip(0..., ids.impression).map { "id\($0) \($1)" }.joined(separator: ", ")
        let references = zip(0..., ids.click).map { "ref\($0) \($1)" }.joined(separator: ", ")
        var shown: [String] = []
        var clicked: [String] = []
        for _ in 0..<600 {
            let number = below(300)
            let minute = below(5 * 24 * 4) * 15
            let at = "timestamptz '2026-03-27 00:00+00' + interval '\(minute) minutes'"
            let age = below(25) == 0 ? "'none'" : "'\(below(5))'"
            for _ in 0..<(below(12) == 0 ? 2 : 1) { shown.append("(\(values(number, ids.value)), \(at), \(age))") }
            for _ in 0..<below(3) {
                let delays = [
                    "0", "-1e-6", "3600", "3599.999999", "60", "5400", "108000", "107999.999999", "700000", "-90000",
                ]
                let delay = delays[below(delays.count)]
                let other = below(9) == 0 ? number + 1 : number
                clicked.append(
                    "(\(values(other, ids.clickValue ?? ids.value)), \(at) + make_interval(secs => \(delay)))")
            }
        }
        try connection.script(
            """
            DROP SCHEMA IF EXISTS rules CASCADE; CREATE SCHEMA rules;
            CREATE TABLE rules.imp (\(columns), at timestamptz, age text);
            CREATE TABLE rules.clk (\(references), at timestamptz);
            INSERT INTO rules.imp VALUES \(shown.joined(separator: ",\n"));
            INSERT INTO rules.clk VALUES \(clicked.joined(separator: ",\n"));
            """)
    }
}

/// The rules of labels as one statement over all of both logs.
struct PlainRules {
    let zone: String
    let statement: String

    init(zone: String, window: Int, columns: [String], references: [String]) throws {
        self.zone = zone
        func key(_ columns: [String]) -> String {
            let texts = columns.map { "\($0)::text" }
            let all = texts.count == 1 ? texts[0] : "jsonb_build_array(\(texts.joined(separator: ", ")))::text"
            return "CASE WHEN \(texts.map { "\($0) <> ''" }.joined(separator: " AND ")) THEN \(all) END COLLATE \"C\""
        }
        let back = max(7 * 86_400, window + 86_400)
        statement = """
            WITH imp AS (
                SELECT \(key(columns)) AS key, at, age, (at AT TIME ZONE '\(zone)')::date AS day FROM rules.imp
            ), copies AS (
                SELECT key, at, day, count(*) AS n, count(*) FILTER (WHERE age <> 'none') AS usable
                FROM imp WHERE key IS NOT NULL GROUP BY key, at, day
            ), clk AS (
                SELECT row_number() OVER () AS n, \(key(references)) AS key, at FROM rules.clk
            ), newest AS (
                SELECT c.*, (SELECT max(i.at) FROM copies i WHERE i.key = c.key AND i.at <= c.at
                                 AND i.at >= c.at - interval '\(back) seconds') AS shown,
                       EXISTS (SELECT FROM copies i WHERE i.key = c.key AND i.at > c.at
                                   AND i.at <= c.at + interval '1 day') AS follows
                FROM clk c
            ), placed AS (
                SELECT w.*, i.n AS copies, coalesce(w.at < w.shown + interval '\(window) seconds', false) AS counts
                FROM newest w LEFT JOIN copies i ON i.key = w.key AND i.at = w.shown
            ), events AS (
                SELECT key, shown, (CASE WHEN counts THEN shown ELSE at END AT TIME ZONE '\(zone)')::date AS day,
                       CASE WHEN counts AND copies > 1 THEN 'ambiguous'
                            WHEN counts AND row_number() OVER (PARTITION BY key, shown, counts ORDER BY at, n) = 1
                            THEN 'first'
                            WHEN counts THEN 'duplicate' WHEN shown IS NOT NULL THEN 'late' WHEN follows THEN 'early'
                            ELSE 'orphan' END AS kind
                FROM placed
            )
            """
    }

    /// Compares a built day with the statement: its rows with their labels in order, and the account.
    func check(_ built: BuiltDay, _ day: String, on connection: Connection) throws {
        let rows = try ExtractionFixture.rows(built.cached)
        let expected = try connection.execute(
            """
            \(statement)
            SELECT i.key, EXISTS (
                SELECT FROM events e WHERE e.kind = 'first' AND e.key = i.key AND e.shown = i.at) AS clicked
            FROM copies i WHERE i.usable > 0 AND i.day = $1::text::date ORDER BY i.at, i.key
            """, [.text(day)])
        #expect(rows.keys == (try expected.map { ExtractionFixture.key(try $0.text("key")) }))
        #expect(rows.labels == (try expected.map { try $0.bool("clicked") ? 1 : 0 }))
        #expect(rows.labels.contains(1))
        let account = try #require(built.account)
        let counts = try #require(
            try connection.execute(
                """
                \(statement)
                SELECT count(*) AS events, \(["first", "duplicate", "late", "early", "orphan", "ambiguous"].map {
                    "count(*) FILTER (WHERE kind = '\($0)') AS \($0)" }.joined(separator: ", ")),
                    (SELECT count(*) FROM imp WHERE day = $1::text::date) AS read,
                    (SELECT count(*) FROM imp WHERE day = $1::text::date AND key IS NULL) AS no_id,
                    (SELECT count(*) FROM imp WHERE day = $1::text::date AND key IS NOT NULL AND age = 'none') AS bad,
                    (SELECT coalesce(sum(usable - 1), 0) FROM copies
                     WHERE usable > 0 AND day = $1::text::date) AS repeated
                FROM events WHERE day = $1::text::date
                """, [.text(day)]
            ).first)
        let clicks = account.clicks
        #expect(
            [
                clicks.events, clicks.first, clicks.duplicates, clicks.late, clicks.early, clicks.orphans,
                clicks.ambiguous,
            ]
                == (try ["events", "first", "duplicate", "late", "early", "orphan", "ambiguous"].map {
                    try counts.int($0)
                }))
        #expect(
            [account.read, account.rejected[.noID] ?? 0, account.rejected[.notFinite] ?? 0, account.repeated.leftOut]
                == (try ["read", "no_id", "bad", "repeated"].map { try counts.int($0) }))
        #expect(account.read == account.used + account.rejected.values.reduce(0, +) + account.repeated.leftOut)
        #expect(clicks.ages.reduce(0, +) == clicks.first + clicks.late)
        #expect(built.cached.clicks <= clicks.first && clicks.first <= clicks.events)
    }
}

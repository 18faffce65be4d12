import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

@testable import Onboarding

/// What `rocket init` makes of logs that are not as a tutorial has them.
@Suite struct InitTests {
    /// `log.shown` (11 days, `rows` a day) and `log.hits`, without statistics or any index but the ids'.
    static func create(rows: Int = 3_000, columns: String = "", values: String = "", on url: String) throws {
        try TestDatabase.connect(url).script(
            """
            CREATE SCHEMA log;
            CREATE TABLE log.shown (
                id bigint PRIMARY KEY, at timestamptz, person text, item int, slot text\(columns))
                WITH (autovacuum_enabled = false);
            CREATE TABLE log.hits (shown_id bigint, at timestamptz) WITH (autovacuum_enabled = false);
            INSERT INTO log.shown
            SELECT n, timestamptz '2026-01-05 00:00Z' + n * interval '11 days' / (11 * \(rows)),
                   'p' || abs(hashtext('person ' || n)::bigint) % 100, abs(hashtext('item ' || n)::bigint) % 20,
                   's' || n * 11 / (11 * \(rows))\(values)
            FROM generate_series(0, 11 * \(rows) - 1) n;
            INSERT INTO log.hits
            SELECT id, at + interval '40 s' FROM log.shown WHERE abs(hashtext('luck ' || id)::bigint) % 1000 < 40 + item * 6;
            """)
    }

    static func draft(
        _ url: String, _ impressions: String = "log.shown", _ clicks: String = "log.hits", _ more: [String] = []
    ) throws -> (result: RocketProgram.Result, text: String) {
        var text = ""
        var result: RocketProgram.Result?
        try withTemporaryFolder { folder in
            let path = "\(folder)/job.yaml"
            result = try RocketProgram.rocket(
                ["init", "--impressions", impressions, "--clicks", clicks, "--output", path] + more, database: url)
            text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }
        return (try #require(result), text)
    }

    @Test(
        "A log is looked at from its first to its last day, a view too, and drafts are the same before and after ANALYZE"
    )
    func wholeTime() throws {
        try TestDatabase.run(.empty) { url in
            // More rows than the sample keeps: those of the last days must be among them.
            try Self.create(rows: 8_000, on: url)
            let connection = try TestDatabase.connect(url)
            try connection.script("CREATE VIEW log.seen AS SELECT * FROM log.shown WHERE id >= 0")
            for relation in ["log.shown", "log.seen"] {
                let before = try Self.draft(url, relation)
                #expect(before.result.code == 0, "\(before.result.errors)")
                #expect(before.text.contains("window_days: 10") && before.text.contains("from all 88000 rows"))
                // A value of each day; 100 persons and 20 items in all rows.
                #expect(before.text.contains("{name: slot, kind: categorical") && before.text.contains("# 11 values"))
                #expect(before.text.contains("# 100 values") && before.text.contains("# 20 values"))
                #expect(before.text.contains("attribution_window: 1m"))
                if relation == "log.shown" { try connection.script("ANALYZE log.shown, log.hits") }
                let after = try Self.draft(url, relation)
                #expect(before.text == after.text && before.result.output.count == after.result.output.count)
                try connection.script("DELETE FROM pg_statistic WHERE starelid = 'log.shown'::pg_catalog.regclass")
            }
        }
    }

    /// A sample with other limits than the program's.
    static func sample(
        _ url: String, _ impressions: String = "log.shown", limits: ReadingLimits
    ) throws -> LogSample {
        let connection = try TestDatabase.connect(url)
        let search = SourceSearch(
            impressions: try SurveyedTable(impressions, referenced: "log.hits", on: connection),
            clicks: try SurveyedTable("log.hits", referenced: impressions, on: connection),
            given: SourceProposal.Given(), connection: connection, notice: { _ in })
        return try LogSample(search, try search.proposal(), limits: limits)
    }

    @Test(
        "A log of too many values is sampled by the hash of its ids over all days, with the clicks on just these rows")
    func manyRows() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(on: url)
            let whole = try Self.sample(url, limits: ReadingLimits())
            #expect(whole.isWhole && whole.rows == 33_000 && whole.tableRows == 33_000 && whole.recent.count == 30_000)
            var limits = ReadingLimits()
            limits.cells = 1_000
            limits.sampleRows = 6_000
            limits.recentRows = 5_000
            let some = try Self.sample(url, limits: limits)
            #expect(!some.isWhole && some.isCounted && some.tableRows == 33_000 && some.days.count == 11)
            #expect((5_500...6_000).contains(some.rows))
            let (rate, expected) = (Double(some.clicks) / Double(some.rows), Double(whole.clicks) / Double(whole.rows))
            #expect(abs(rate / expected - 1) < 0.15, "\(rate), \(expected)")
            #expect(some.profiles.first { $0.column.name == "slot" }?.distinct == 11)
            // The hours from which on there are enough rows.
            #expect((5_000...5_300).contains(some.recent.count))
            #expect(Array(some.recent.clicked.suffix(5_000)) == Array(whole.recent.clicked.suffix(5_000)))
            #expect(try Self.sample(url, limits: limits).profiles.map(\.examples) == some.profiles.map(\.examples))
        }
    }

    @Test("Where counting takes too long, pages of a table and stretches of a view's time are read, over all days")
    func uncountable() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(rows: 30_000, on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE VIEW log.seen AS SELECT * FROM log.shown; CREATE INDEX ON log.shown (at);
                CREATE VIEW log.joined AS SELECT s.* FROM log.shown s, (VALUES (1)) AS one (n);
                """)
            var limits = ReadingLimits()
            limits.countMilliseconds = 1
            limits.sampledPages = 400
            limits.sampleRows = 20_000
            for relation in ["log.shown", "log.seen", "log.joined"] {
                let sample = try Self.sample(url, relation, limits: limits)
                #expect(
                    !sample.isCounted && !sample.isWhole && sample.rows > 2_000 && sample.clicks > 50, "\(sample.rows)")
                #expect(
                    sample.days.count >= 11 && abs(Double(sample.tableRows) / 330_000 - 1) < 0.3, "\(sample.tableRows)")
                #expect(sample.recent.count > 100_000)
                #expect(sample.remarks.contains { $0.contains("could not be counted") })
                let again = try Self.sample(url, relation, limits: limits)
                #expect(again.profiles.map(\.examples) == sample.profiles.map(\.examples))
            }
        }
    }

    @Test("Rows at infinity, before Christ or in the year 12026 are counted and said, and end nothing")
    func oddTimes() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(on: url)
            try TestDatabase.connect(url).script(
                """
                INSERT INTO log.shown (id, at, person, item, slot) VALUES
                    (-1, 'infinity', 'p', 1, 's'), (-2, '-infinity', 'p', 1, 's'), (-3, '0044-03-15 BC', 'p', 1, 's'),
                    (-4, '12026-01-01', 'p', 1, 's'), (-5, NULL, 'p', 1, 's');
                INSERT INTO log.hits VALUES (-1, 'infinity'), (-3, '0044-03-15 12:00 BC'), (1, '12026-01-01');
                """)
            let (result, text) = try Self.draft(url)
            #expect(result.code == 0 && text.contains("window_days: 10"), "\(result.errors)")
            #expect(result.output.contains("5 rows of log.shown without a time, or with one before 1900"))
        }
    }

    @Test("Columns of any name and type give a file that passes its own check; what cannot be a feature says why")
    func names() throws {
        try TestDatabase.run(.empty) { url in
            try TestDatabase.connect(url).script("CREATE TYPE public.mood AS ENUM ('fine', 'so-so')")
            try Self.create(
                columns: """
                    , "no" text, "on" int, "null" text, y text, "line\nbreak" text, "a\u{2028}b" text, "été: #1" text,
                    sizes numeric[], moods public.mood[], feeling public.mood, "say ""hi"" now" text, tags text[], words json, cost money,
                    spans int4range[]
                    """,
                values: """
                    , 'n' || n % 3, n % 20, 'z' || n % 4, 'y' || n % 2, 'b' || n % 3, 'l' || n % 3, 'e' || n % 3,
                    ARRAY[n % 3]::numeric[], ARRAY[CASE WHEN n % 2 = 0 THEN 'fine' ELSE 'so-so' END]::public.mood[],
                    (CASE WHEN n % 2 = 0 THEN 'fine' ELSE 'so-so' END)::public.mood, 'h' || n % 3, ARRAY['t' || n % 9], '{}', n % 5,
                    ARRAY[int4range(n % 3, 9)]
                    """, on: url)
            let (result, text) = try Self.draft(url)
            #expect(result.code == 0 && result.output.contains("log.hits: ok"), "\(result.errors)\(text)")
            for name in ["no", "on", "null", "y"] {
                #expect(text.contains("- {name: \"\(name)\", kind: categorical"), "\(name): \(text)")
            }
            #expect(
                text.contains("{name: feeling, kind: categorical") && text.contains("{name: tags, kind: multi_valued"))
            #expect(text.contains("column: \"a\\U00002028b\"") && text.contains("column: \"été: #1\""))
            #expect(text.contains("column: \"say \\\"hi\\\" now\""))
            #expect(text.contains("#   line break: its name has a control character"))
            #expect(
                text.contains("{name: sizes, kind: multi_valued") && text.contains("{name: moods, kind: multi_valued"))
            #expect(text.contains("#   cost: money: ") && text.contains("#   spans: int4range[]: "))
        }
    }

    @Test("Ids whose equality is not that of their text are refused with the reason")
    func keyTypes() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE log.decimals AS SELECT id::numeric AS id, at, person, item FROM log.shown;
                CREATE TABLE log.taps AS SELECT shown_id::numeric AS shown_id, at FROM log.hits;
                """)
            let (result, text) = try Self.draft(url, "log.decimals", "log.taps")
            #expect(result.code == 6 && text.isEmpty)
            #expect(result.errors.contains("log.decimals.id: 1.0 and 1.00 are equal as numeric"), "\(result.errors)")
            let given = try Self.draft(
                url, "log.decimals", "log.taps", ["--impression-id", "id", "--click-impression", "shown_id"])
            #expect(
                given.result.code == 6
                    && given.result.errors.contains("--impression-id: log.decimals.id cannot hold ids"))
        }
    }

    @Test("A strong column is kept, and output and file ask whether it is known before the click")
    func strong() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(
                columns: ", channel text, past_clicks int, revenue float8, true_click_probability float8",
                values: ", NULL, n % 5, NULL, 0.05 + n % 9 * 0.01", on: url)
            try TestDatabase.connect(url).script(
                """
                UPDATE log.shown s SET channel = CASE
                    WHEN id % 40 = 0 THEN 'odd' WHEN EXISTS (SELECT FROM log.hits h WHERE h.shown_id = s.id) THEN 'paid'
                    WHEN id % 25 = 0 THEN 'paid' ELSE 'free' END,
                    revenue = CASE WHEN EXISTS (SELECT FROM log.hits h WHERE h.shown_id = s.id AND s.id % 3 = 0)
                        THEN 2.5 ELSE 0 END
                """)
            let (result, text) = try Self.draft(url)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.contains("look at: channel alone reaches AUC 0.9"), "\(result.output)")
            #expect(
                text.contains("{name: channel, kind: categorical") && text.contains("is it known before the click?"))
            #expect(text.contains("{name: past_clicks, kind: categorical"))
            #expect(text.contains("  true_probability: true_click_probability"))
            #expect(text.contains("#   true_click_probability: the probability that rocket sample-logs"))
            #expect(text.contains("#   revenue: the ") && result.output.contains("revenue is left out"))
        }
    }

    @Test("Pairs of users and items that come again with rates of their own become a cross, with its evidence")
    func crosses() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(rows: 2_500, on: url)
            let connection = try TestDatabase.connect(url)
            #expect(try !Self.draft(url).text.contains("kind: cross"))
            try connection.script(
                """
                TRUNCATE log.hits;
                INSERT INTO log.hits SELECT id, at + interval '40 s' FROM log.shown
                WHERE abs(hashtext(person || ' ' || item)::bigint) % 10 < 2 AND id % 5 > 0 OR id % 50 = 0;
                """)
            let (result, text) = try Self.draft(url)
            #expect(
                result.code == 0 && text.contains("- {name: person_x_item, kind: cross, of: [person, item]"), "\(text)")
            #expect(text.contains("  # The pair: ") && result.output.contains("the pair of person and item"))
        }
    }
}

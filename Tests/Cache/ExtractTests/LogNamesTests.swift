import AdLogs
import Days
import Extract
import FeatureCache
import Features
import Foundation
import Postgres
import Testing

/// Logs whose columns, tables and values have names that a careless statement would take for its own.
@Suite struct LogNamesTests {
    /// Every word of the statements that are run where a log is in scope, from the sources themselves.
    static func wordsOfStatements() throws -> [String] {
        let root =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/Sources"
        var words: Set<String> = []
        for folder in ["Logs/AdLogs", "Cache/Extract", "Operations"] {
            let files = try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
            for file in files where file.hasSuffix(".swift") {
                let text = try String(contentsOfFile: "\(root)/\(folder)/\(file)", encoding: .utf8)
                for word in text.matches(of: /\b[a-z_][a-z_0-9]*\b/) {
                    words.insert(String(word.0))
                }
            }
        }
        // Names that PostgreSQL keeps for itself, and the log's own.
        return words.subtracting(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])
            .subtracting(["rocket_id", "rocket_at", "rocket_price", "rocket_word"]).sorted()
    }

    @Test("A log with a column of each name that the statements use gives the days, labels and rows of one without")
    func names() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                CREATE SCHEMA plain;
                CREATE TABLE plain.imp AS
                SELECT n % 900 AS rocket_id, timestamptz '2026-01-05 00:00Z' + n * interval '288 s' AS rocket_at,
                       (n % 13)::numeric AS rocket_price, 'ad' || n % 7 AS rocket_word FROM generate_series(1, 930) n;
                CREATE TABLE plain.clk AS
                SELECT rocket_id, rocket_at + interval '20 minutes' AS rocket_at FROM plain.imp WHERE rocket_id % 4 = 0;
                """)
            let plain = try found(in: "plain", logs)
            // More columns than a table may have take several logs.
            let words = try Self.wordsOfStatements()
            #expect(words.count > 500 && ["d", "s", "c", "k", "i", "day", "at", "rows"].allSatisfy(words.contains))
            let size = 700
            for (number, start) in stride(from: 0, to: words.count, by: size).enumerated() {
                // Of each type that such a column was taken for something else with.
                let types = ["date", "text", "bigint", "timestamptz"]
                let names = words[start..<min(start + size, words.count)]
                let added = zip(0..., names).map { "\"\($1)\" \(types[($0 + number) % types.count])" }.joined(
                    separator: ", ")
                try logs.connection.script(
                    """
                    CREATE SCHEMA odd\(number);
                    CREATE TABLE odd\(number).imp (LIKE plain.imp, \(added));
                    INSERT INTO odd\(number).imp SELECT * FROM plain.imp;
                    CREATE TABLE odd\(number).clk (LIKE plain.clk, \(added));
                    INSERT INTO odd\(number).clk SELECT * FROM plain.clk;
                    """)
                #expect(try found(in: "odd\(number)", logs) == plain)
            }
        }
    }

    /// What the program sees of a log, as text.
    private func found(in schema: String, _ logs: ExtractionFixture) throws -> [String] {
        let connection = logs.connection
        let source = LogSource(
            impressions: .init(table: "\(schema).imp", id: "rocket_id", time: "rocket_at"),
            clicks: .init(table: "\(schema).clk", impressionID: "rocket_id", time: "rocket_at"),
            attributionWindow: AttributionWindow(seconds: 1_800))
        let features = [
            ExtractionFixture.feature("rocket_price", .numeric), ExtractionFixture.feature("rocket_word", .categorical),
            Feature(name: "bucket", column: "rocket_price", kind: .bucketed, buckets: 4),
        ]
        let specification = logs.specification(of: source, features, shards: 3)
        #expect(try SourceCheck(specification).problems(on: connection).isEmpty)
        let (days, day) = (LogDays(source), try #require(Day("2026-01-06")))
        let built = try logs.build(specification, "2026-01-06")
        let rows = try ExtractionFixture.rows(built.cached)
        let account = try #require(built.account)
        return try [
            "\(days.present(in: day.advanced(by: -9)...day.advanced(by: 9), on: connection))",
            "\(String(describing: days.newest(before: day, on: connection)))",
            "\(days.missing(upTo: day.advanced(by: 9), on: connection))", "\(days.rowsAhead(on: connection))",
            "\(days.oddTimes(on: connection))", "\(days.isEmpty(on: connection))",
            "\(Attribution(source, on: connection).seen(in: days.instants(of: day, on: connection), on: connection))",
            "\(rows.labels)", "\(rows.keys)", "\(account.clicks)", "\(account.read) \(account.repeated)",
            "\(StaleDays(connection, logs: connection).find(specificationHash: specification.hash))",
            connection.execute(
                """
                SELECT boundaries::text FROM rocket.quantile_boundaries
                ORDER BY specification_hash = '\(specification.hash)' DESC
                """
            ).first?.text("boundaries") ?? "",
        ]
    }

    @Test(
        "One table can hold both events, told apart by conditions of any type and with any name",
        arguments: [
            ("text", "it's\" a\\ $1 -- impression", "klick; drop table x"), ("t.event", "shown", "clicked"),
            ("integer", "1", "-2"), ("boolean", "false", "true"), ("t.word", "a", "b"),
        ])
    func conditions(_ type: String, _ impression: String, _ click: String) throws {
        try ExtractionFixture.run { logs in
            let column = "e \"v\"; --'\\"
            let name = try logs.connection.quoteIdentifier(column)
            let (shown, clicked) = (
                try logs.connection.quoteLiteral(impression), try logs.connection.quoteLiteral(click)
            )
            try logs.connection.script(
                """
                CREATE SCHEMA t;
                CREATE TYPE t.event AS ENUM ('shown', 'clicked', 'seen');
                CREATE DOMAIN t.word AS varchar(9);
                CREATE TABLE t.log (request text, position smallint, at timestamptz, \(name) \(type), site text);
                INSERT INTO t.log
                SELECT 'r' || n / 4, n % 4, timestamptz '2026-01-05 00:00Z' + n / 4 * interval '288 s', \(shown),
                       's' || n % 3
                FROM generate_series(0, 1199) n;
                INSERT INTO t.log SELECT request, position, at + interval '1 minute', \(clicked), 's0' FROM t.log
                WHERE position = 2 AND request ~ '[05]$';
                INSERT INTO t.log (request, position, at, site)
                SELECT request, position, at, 'other' FROM t.log WHERE position = 1;
                """)
            let source = LogSource(
                impressions: .init(
                    table: "t.log", id: ["request", "position"], time: "at",
                    conditions: [RowCondition(column: column, values: [impression])]),
                clicks: .init(
                    table: "t.log", impressionID: ["request", "position"], time: "at",
                    conditions: [RowCondition(column: column, values: [click, impression])]),
                attributionWindow: AttributionWindow(seconds: 1_800))
            let specification = logs.specification(of: source, [ExtractionFixture.feature("site", .categorical)])
            var only = specification
            only.source.clicks.conditions = [RowCondition(column: column, values: [click])]
            #expect(try SourceCheck(only).problems(on: logs.connection).isEmpty)
            // An impression that is its own click teaches nothing.
            #expect("\(try SourceCheck(specification).problems(on: logs.connection))".contains("its own click"))
            only.hash = ExtractionFixture.hex("only")
            let day = try #require(Day("2026-01-05"))
            let built = try logs.build(only, "2026-01-05")
            let account = try #require(built.account)
            let events = try logs.connection.execute(
                "SELECT count(*) AS n FROM t.log WHERE \(name) = \(clicked) AND at < '2026-01-06 00:01Z'"
            ).first?.int("n")
            #expect(account.read == 1_200 && account.used == 1_200 && account.repeated.leftOut == 0)
            #expect(account.clicks.first == events && account.clicks.events == events && built.cached.clicks == events)
            // An impression is a click of itself where both are asked for.
            #expect(try logs.build(specification, "2026-01-05").cached.clicks == 1_200)
            #expect(try StaleDays(logs.connection, logs: logs.connection).find(specificationHash: only.hash).isEmpty)
            #expect(try LogDays(only.source).present(in: day...day, on: logs.connection) == [day])
            #expect(try logs.connection.execute("SELECT 1 FROM t.log LIMIT 1").count == 1)
        }
    }

    @Test("A value that is none of its column's type is refused with what PostgreSQL says")
    func badConditions() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                CREATE SCHEMA t;
                CREATE TYPE t.event AS ENUM ('shown', 'clicked');
                CREATE TABLE t.log (
                    id text, at timestamptz, clicked_at timestamptz, event t.event, number integer, document json);
                """)
            func problems(_ column: String, _ value: String) throws -> [AdLogError] {
                var source = LogSource(
                    impressions: .init(table: "t.log", id: "id", time: "at"),
                    clicks: .init(table: "t.log", impressionID: "id", time: "clicked_at"),
                    attributionWindow: AttributionWindow(seconds: 60))
                source.clicks.conditions = [RowCondition(column: column, values: [value])]
                return try SourceCheck(logs.specification(of: source, [])).problems(on: logs.connection)
            }
            #expect(try problems("event", "clicked").isEmpty && problems("number", " 7").isEmpty)
            for (column, value) in [
                ("event", "klicked"), ("number", "x"), ("number", "99999999999"), ("document", "{}"),
            ] {
                let found = try problems(column, value)
                #expect(found.count == 1 && "\(found)".contains(column), "\(column)")
            }
            #expect(try "\(problems("evnt", "clicked"))".contains("has no column ‘evnt’"))
        }
    }

    @Test(
        "Ids have types whose equality is that of their text; others are refused with the reason",
        arguments: [
            ("integer", "bigint", true), ("varchar(9)", "text", true), ("uuid", "text", true),
            ("numeric(9,2)", "numeric(8,2)", true),
            ("numeric(9,0)", "bigint", true), ("t.code", "bigint", true), ("t.kind", "text", true),
            ("bytea", "bytea", true),
            ("date", "date", true), ("boolean", "boolean", true), ("numeric", "numeric", false),
            ("numeric(10,2)", "numeric", false), ("numeric(9,2)", "numeric(9,3)", false),
            ("numeric(9,2)", "bigint", false),
            ("char(20)", "char(20)", false), ("char(20)", "numeric", false), ("float8", "float8", false),
            ("jsonb", "jsonb", false), ("interval", "interval", false), ("t.pair", "t.pair", false),
            ("text[]", "text[]", false),
            ("text COLLATE t.loose", "text", false), ("timetz", "timetz", false), ("int4range", "int4range", false),
        ])
    func types(_ impression: String, _ click: String, _ isAllowed: Bool) throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                CREATE SCHEMA t;
                CREATE DOMAIN t.base AS integer; CREATE DOMAIN t.code AS t.base;
                CREATE TYPE t.kind AS ENUM ('a', 'b'); CREATE TYPE t.pair AS (a int, b int);
                CREATE COLLATION t.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                CREATE TABLE t.imp (id \(impression), at timestamptz); CREATE TABLE t.clk (id \(click), at timestamptz);
                """)
            let source = LogSource(
                impressions: .init(table: "t.imp", id: "id", time: "at"),
                clicks: .init(table: "t.clk", impressionID: "id", time: "at"),
                attributionWindow: AttributionWindow(seconds: 60))
            let problems = try SourceCheck(logs.specification(of: source, [])).problems(on: logs.connection)
            #expect(problems.isEmpty == isAllowed, "\(problems)")
            if isAllowed {
                let range = Instant(microseconds: 0)..<Instant(microseconds: 9)
                #expect(try Attribution(source, on: logs.connection).seen(in: range, on: logs.connection) == SeenLogs())
            } else {
                #expect(problems.contains { "\($0)".contains("id") && "\($0)".contains("view") })
            }
        }
    }

    @Test("Numbers beyond the range of a float take their row away with key and reason; tiny ones are 0")
    func hugeNumbers() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                CREATE TABLE n (id text, at timestamptz, x numeric, y text);
                INSERT INTO n SELECT 'i' || k, timestamptz '2026-01-05 00:00Z' + k * interval '1 s', k, k::text
                FROM generate_series(1, 40) k;
                UPDATE n SET x = 1e400 WHERE id = 'i1';
                UPDATE n SET x = 1e-400 WHERE id = 'i3';
                UPDATE n SET x = 'NaN' WHERE id = 'i4';
                UPDATE n SET x = '1e300' WHERE id = 'i5';
                UPDATE n SET y = repeat('9', 400) WHERE id = 'i6';
                UPDATE n SET y = '0x1F' WHERE id = 'i7';
                UPDATE n SET y = '1e-400' WHERE id = 'i8';
                UPDATE n SET y = 'inf' WHERE id = 'i9';
                """)
            let source = LogSource(
                impressions: .init(table: "n", id: "id", time: "at"),
                clicks: .init(table: "clicked", impressionID: "id", time: "at"),
                attributionWindow: AttributionWindow(seconds: 60))
            let features = [
                ExtractionFixture.feature("x", .numeric), ExtractionFixture.feature("y", .numeric),
                Feature(name: "xb", column: "x", kind: .bucketed, buckets: 4),
                Feature(name: "yb", column: "y", kind: .bucketed, buckets: 4),
            ]
            let built = try logs.build(logs.specification(of: source, features, shards: 1), "2026-01-05")
            let rejected = try logs.connection.execute("SELECT key, feature FROM rocket.rejected_rows ORDER BY key")
                .map { "\(try $0.text("key")) \(try $0.text("feature"))" }
            #expect(rejected == ["i1 x", "i5 x", "i6 y", "i7 y", "i9 y"])
            let rows = try ExtractionFixture.rows(built.cached)
            #expect(rows.rows == 35 && rows.numerics[0][1] == 0 && rows.numerics[0][2].isNaN)
        }
    }
}

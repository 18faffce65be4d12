import Foundation
import Onboarding
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

/// The way of somebody new, with tables of their own: the commands of the page GettingStarted, in its order.
@Suite struct NewcomerTests {
    private static let tables = ["--impressions", "shop.ad_views", "--clicks", "shop.ad_taps"]

    /// Runs the program where the project's migrations are found.
    private static func rocket(_ arguments: [String], _ url: String) throws -> RocketProgram.Result {
        try RocketProgram.rocket(
            arguments, database: url, environment: ["ROCKET_MIGRATIONS": "\(TestDatabase.repository)/migrations"])
    }

    /// A first job file, as it was written.
    private static func draft(
        _ url: String, _ more: [String] = [], tables: [String] = tables
    ) throws -> (result: RocketProgram.Result, text: String) {
        var drafted: (RocketProgram.Result, String)?
        try withTemporaryFolder { folder in
            let path = "\(folder)/job.yaml"
            let result = try rocket(["init"] + tables + ["--output", path] + more, url)
            drafted = (result, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
        }
        return try #require(drafted)
    }

    @Test("From a team's own tables to a report: migrate, init, doctor, nightly and report each end with 0")
    func path() throws {
        try TestDatabase.run(.empty) { url in
            try withTemporaryFolder { folder in
                try ShopLogs.create(on: url)
                let job = "\(folder)/views.yaml"
                func expectDone(_ arguments: [String]) throws -> String {
                    let result = try Self.rocket(arguments, url)
                    #expect(result.code == 0, "\(arguments): \(result.output)\(result.errors)")
                    return result.output
                }
                _ = try expectDone(["migrate"])
                let drafted = try expectDone(["init"] + Self.tables + ["--model", "views", "--output", job])
                #expect(drafted.contains("rocket doctor --job \(job)") && drafted.contains("shop.ad_taps: ok"))
                // The one thing that a test must have elsewhere.
                let text = try String(contentsOfFile: job, encoding: .utf8)
                try text.replacing(".rocket/cache", with: "\(folder)/cache").write(
                    toFile: job, atomically: true, encoding: .utf8)
                #expect(try expectDone(["doctor", "--job", job]).contains("all is well"))
                _ = try expectDone(["nightly", "--quiet", "--job", job])
                #expect(try expectDone(["report"]).contains("model views, version 1, live"))
                let page = "\(folder)/views.html"
                _ = try expectDone(["report", "--html", page])
                #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<svg"))
                let report = try #require(try ReportReader(database: url).reports(version: 1).first)
                #expect(try #require(report.light.auc) > 0.6 && #require(report.booster.auc) > 0.6)
                #expect(report.light.gauc != nil)
                let after = try expectDone(["doctor", "--job", job, "--deep"])
                #expect(after.contains("all is well") && after.contains("artifacts are whole"), "\(after)")
            }
        }
    }

    @Test("Where the logs end some days ago, init, doctor and nightly name the night that they allow, and it runs")
    func oldLogs() throws {
        for age in [2, 9] {
            try TestDatabase.run(.empty) { url in
                try withTemporaryFolder { folder in
                    try ShopLogs.create(views: 12_000, on: url)
                    let connection = try TestDatabase.connect(url)
                    try connection.script(
                        """
                        UPDATE shop.ad_views SET seen_at = seen_at - interval '\(age) days';
                        UPDATE shop.ad_taps SET tapped_at = tapped_at - interval '\(age) days';
                        """)
                    let row = try connection.execute(
                        "SELECT max(seen_at)::date AS day, max(seen_at)::date + 1 AS as_of FROM shop.ad_views")
                    let (newest, asOf) = try (#require(row.first).text("day"), #require(row.first).text("as_of"))
                    let job = "\(folder)/views.yaml"
                    _ = try Self.rocket(["migrate"], url)
                    let drafted = try Self.rocket(["init"] + Self.tables + ["--output", job], url)
                    let night = "rocket nightly --job \(job) --as-of \(asOf)"
                    #expect(drafted.output.contains(night), "\(drafted.output)")
                    let examined = try Self.rocket(["doctor", "--job", job], url)
                    #expect(examined.output.contains("a night on \(newest): \(night)"), "\(examined.output)")
                    let failed = try Self.rocket(["nightly", "--quiet", "--job", job], url)
                    #expect(failed.code == 5 && failed.errors.contains("--as-of \(asOf)"), "\(failed.errors)")
                    let text = try String(contentsOfFile: job, encoding: .utf8)
                    try text.replacing(".rocket/cache", with: "\(folder)/cache").write(
                        toFile: job, atomically: true, encoding: .utf8)
                    let done = try Self.rocket(["nightly", "--quiet", "--job", job, "--as-of", asOf], url)
                    #expect(
                        done.code == 0 && done.output.contains("judged on   \(newest)"),
                        "\(done.code): \(done.output)\(done.errors)")
                }
            }
        }
    }

    @Test("Columns become features of fitting kinds; those that no model should see are left out with the reason")
    func features() throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(on: url)
            let (result, text) = try Self.draft(url)
            #expect(result.code == 0, "\(result.errors)")
            let lines = text.split(separator: "\n").map(String.init)
            func line(_ start: String) -> String { lines.first { $0.hasPrefix(start) } ?? "" }
            #expect(text.contains("impressions: {table: shop.ad_views, id: view_id, time: seen_at}"))
            #expect(text.contains("clicks: {table: shop.ad_taps, impression_id: view, time: tapped_at}"))
            #expect(line("  attribution_window").contains(": 30m") && line("  window_days").contains(": 5"))
            #expect(line("  - {name: visitor,").contains("kind: categorical}"))
            #expect(line("  - {name: placement,").contains("kind: categorical}"))
            #expect(line("  embedding_memory").contains(": 1GB") && line("  epochs").contains(": auto"))
            #expect(line("  baselines").contains("[logistic_regression, light, booster]"))
            #expect(line("  - {name: product_id,").contains("kind: categorical"))
            #expect(line("  - {name: price,").contains("kind: numeric, transform: log1p}"))
            #expect(line("  - {name: tags,").contains("kind: multi_valued}"))
            #expect(line("  - {name: is_bot,").contains("kind: categorical"))
            #expect(line("  - {name: screen_size, column: \"Screen Size\",").contains("kind: categorical"))
            #expect(!line("  - {name: hour_of_day").isEmpty && !line("  # - {name: day_of_week").isEmpty)
            #expect(line("  group").contains(": visitor"))
            for (column, reason) in [
                ("was_clicked", "exactly where there is a click"), ("region", "the same value"),
                ("note", "have no value"),
                ("raw_payload", "jsonb"), ("loaded_at", "a moment"),
            ] {
                #expect(line("  #   \(column):").contains(reason), "\(column): \(text)")
            }
            #expect(result.output.contains("it could also be loaded_at"))
            #expect(result.output.contains("look at: raw_payload is left out: jsonb"))
        }
    }

    @Test("A column that gives the click away is found by its values, whatever its name")
    func leaks() throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(views: 12_000, on: url)
            try TestDatabase.connect(url).script(
                """
                ALTER TABLE shop.ad_views ADD COLUMN secs double precision, ADD COLUMN state text, ADD COLUMN fair text;
                UPDATE shop.ad_views SET secs = CASE WHEN was_clicked THEN random() END,
                    state = CASE WHEN was_clicked THEN 'done' ELSE 'open' END, fair = left(view_id::text, 3);
                """)
            let text = try Self.draft(url).text
            #expect(text.contains("#   secs: it is NULL exactly where"))
            #expect(text.contains("#   state: it is ‘done’ exactly where"))
            #expect(text.contains("- {name: fair, kind: categorical"))
        }
    }

    @Test("A view, keys of different types and names of another kind are no obstacle; a doubtful reference is said")
    func otherTables() throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(views: 12_000, on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE VIEW shop.shown AS SELECT view_id AS "Key", seen_at AS ts, placement, visitor FROM shop.ad_views;
                CREATE TABLE shop.hits (v text, at timestamptz, other text);
                INSERT INTO shop.hits SELECT gen_random_uuid()::text, now(), 'x' FROM generate_series(1, 500);
                INSERT INTO shop.hits SELECT view::text, tapped_at, md5(tap_id::text) FROM shop.ad_taps;
                """)
            let (result, text) = try Self.draft(url, tables: ["--impressions", "shop.shown", "--clicks", "shop.hits"])
            #expect(result.code == 0, "\(result.errors)")
            #expect(text.contains("id: Key, time: ts}") && text.contains("impression_id: v, time: at}"))
            #expect(text.contains("of 1000 clicks have a v that is a Key of shop.shown"), "\(text)")
        }
    }

    @Test("What cannot become a job says why, with code 6, and leaves no file")
    func refused() throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(views: 6_000, on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE shop.empty (LIKE shop.ad_views INCLUDING ALL);
                CREATE TABLE shop.zoneless AS SELECT view_id, seen_at::timestamp AS seen, placement FROM shop.ad_views;
                CREATE TABLE shop.strangers AS SELECT gen_random_uuid() AS a, now() AS at FROM generate_series(1, 100);
                """)
            let cases: [(impressions: String, clicks: String, more: [String], says: String)] = [
                ("shop.nothing", "shop.ad_taps", [], "shop.nothing"),
                ("shop.ad_views", "shop.nothing", [], "shop.nothing"),
                ("shop.zoneless", "shop.ad_taps", [], "AT TIME ZONE"),
                ("shop.ad_views", "shop.strangers", [], "--click-impression"),
                ("shop.ad_views", "shop.ad_taps", ["--impression-time", "whenever"], "no column ‘whenever’"),
                (
                    "shop.empty", "shop.ad_taps", ["--impression-id", "view_id", "--click-impression", "view"],
                    "no rows"
                ),
            ]
            for (impressions, clicks, more, says) in cases {
                let tables = ["--impressions", impressions, "--clicks", clicks]
                let (result, text) = try Self.draft(url, more, tables: tables)
                #expect(result.code == 6 && result.errors.contains(says), "\(impressions), \(clicks): \(result.errors)")
                #expect(text.isEmpty)
            }
        }
    }

    @Test("A file that is there is replaced only with --force")
    func existing() throws {
        try TestDatabase.run(.empty) { url in
            try ShopLogs.create(views: 6_000, on: url)
            try withTemporaryFolder { folder in
                let path = "\(folder)/job.yaml"
                try "mine".write(toFile: path, atomically: true, encoding: .utf8)
                let kept = try Self.rocket(["init"] + Self.tables + ["--output", path], url)
                #expect(kept.code == 6 && kept.errors.contains("--force"))
                #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
                let replaced = try Self.rocket(["init"] + Self.tables + ["--output", path, "--force"], url)
                #expect(replaced.code == 0, "\(replaced.errors)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["job.yaml"])
            }
        }
    }
}

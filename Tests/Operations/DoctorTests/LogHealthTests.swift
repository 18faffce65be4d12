import CacheUpkeep
import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// `rocket status` and `rocket doctor` with logs that cannot all be looked at.
@Suite struct LogHealthTests {
    @Test("A row at infinity, BC, in the year 12026 or without a time is counted, and hides none of the other days")
    func oddTimes() throws {
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let connection = try TestDatabase.connect(url)
            try connection.script(
                """
                CREATE TABLE ad_log.plain AS SELECT * FROM ad_log.impressions;
                DROP TABLE ad_log.impressions CASCADE;
                ALTER TABLE ad_log.plain RENAME TO impressions;
                """)
            let times = ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "12026-01-05 00:00+00", nil]
            for (row, time) in times.enumerated() {
                try connection.execute(
                    "INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES ($1, $2::text::timestamptz)",
                    [.text("odd\(row)"), Value(time)])
                let health = try #require(try logHealth(model: nil, database: url, sourceDatabase: nil).first)
                #expect(health.problem == nil && health.missing.isEmpty && health.stale.isEmpty, "\(row): \(health)")
                #expect(health.oddTimes.count == 1 && health.oddTimes[0].contains("of \(row + 1) rows"), "\(health)")
            }
            let status = try RocketProgram.rocket(["status"], database: url)
            #expect(status.code == 0 && status.output.contains("of 5 rows is NULL, infinite, before 1900 or after"))
            let findings = DoctorTests.examine(url, job: job)
            #expect(
                findings.contains { $0.topic == .logs && $0.state == .warning && $0.found.contains("of 5 rows") },
                "\(findings)")
            #expect(!findings.contains { $0.found.contains("22008") }, "\(findings)")
            #expect(findings.exitStatus == .done, "\(findings)")
        }
    }

    @Test("A model whose table was dropped is a line of its own that says so; the other models are shown as they are")
    func droppedTable() throws {
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE ad_log.others AS SELECT * FROM ad_log.impressions;
                CREATE TABLE ad_log.other_clicks AS SELECT * FROM ad_log.clicks;
                """)
            let other = try String(contentsOfFile: job, encoding: .utf8)
                .replacing("model: test", with: "model: another").replacing("ad_log.impressions", with: "ad_log.others")
                .replacing("ad_log.clicks", with: "ad_log.other_clicks")
            try other.write(toFile: job + "2", atomically: true, encoding: .utf8)
            _ = try TestJob.session(url, job + "2").extract(
                days: TestJob.day("2026-01-05")...TestJob.day("2026-01-06"), rebuild: false)
            let connection = try TestDatabase.connect(url)
            try connection.script("DROP TABLE ad_log.others")
            try connection.execute("DELETE FROM ad_log.clicks WHERE clicked_at < '2026-01-06'")
            let health = try logHealth(model: nil, database: url, sourceDatabase: nil)
            #expect(health.map(\.model) == ["another", "test"])
            #expect(health[0].problem?.contains("there is no table or view ad_log.others") == true, "\(health)")
            #expect(try health[1].problem == nil && health[1].stale == [TestJob.day("2026-01-05")], "\(health)")
            let status = try RocketProgram.rocket(["status"], database: url)
            #expect(status.code == 0 && status.output.contains("test: stale 2026-01-05"), "\(status.output)")
            #expect(
                status.output.contains("another: its logs cannot be looked at: there is no table"), "\(status.output)")
            #expect(!status.output.contains("another version"), "\(status.output)")
        }
    }

    @Test("A text that is not UTF-8 is named with table, column and row by config check, doctor and the night")
    func badBytes() throws {
        let server = try #require(ProcessInfo.processInfo.environment["ROCKET_TEST_DATABASE_URL"])
        let admin = try TestDatabase.connect(server)
        let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try admin.script("CREATE DATABASE \(name) ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        defer { try? admin.script("DROP DATABASE \(name) WITH (FORCE)") }
        let logs = server.replacing("/rocket?", with: "/\(name)?")
        try TestJob.withJob { url, job in
            let connection = try TestDatabase.connect(logs)
            try connection.script(
                """
                CREATE SCHEMA ad_log;
                CREATE TABLE ad_log.impressions AS
                SELECT n AS impression_id, timestamptz '2026-01-05 00:00Z' + n * interval '60 s' AS impressed_at,
                       'c' || n % 5 AS category, 's' || n % 3 AS slot, ARRAY['i' || n % 7] AS interests,
                       (n % 11)::float8 AS price, 'u' || n % 40 AS user_id, 0.1::float8 AS true_click_probability
                FROM generate_series(1, 4319) n;
                CREATE TABLE ad_log.clicks AS SELECT impression_id, impressed_at + interval '60 s' AS clicked_at
                FROM ad_log.impressions WHERE impression_id * 7919 % 100 < 20;
                """)
            let environment = ["SOURCE_DATABASE_URL": logs]
            func check() throws -> RocketProgram.Result {
                try RocketProgram.rocket(
                    ["config", "check", job, "--database"], database: url, environment: environment)
            }
            #expect(try check().code == 0)
            try connection.script(
                "UPDATE ad_log.impressions SET category = convert_from('\\xff', 'SQL_ASCII') WHERE impression_id = 2000"
            )
            let says = "ad_log.impressions.category of the row with impression_id = 2000 is \\xff, which is not UTF-8"
            let checked = try check()
            #expect(checked.code == 5 && checked.errors.contains(says), "\(checked.errors)")
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url,
                environment: environment)
            #expect(night.code == 5 && night.errors.contains(says), "\(night.errors)")
            // Beyond the rows that are looked at beforehand.
            try connection.script(
                """
                INSERT INTO ad_log.impressions (impression_id, impressed_at, category)
                SELECT -n, '2025-12-01', 'x' FROM generate_series(1, 12000) n;
                CREATE TABLE ad_log.sorted AS SELECT * FROM ad_log.impressions ORDER BY impressed_at;
                DROP TABLE ad_log.impressions; ALTER TABLE ad_log.sorted RENAME TO impressions;
                """)
            #expect(try check().code == 0)
            let late = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url,
                environment: environment)
            #expect(late.code == 5 && late.errors.contains(says), "\(late.errors)")
            let findings = DoctorTests.examine(url, job: job, logs: logs)
            #expect(findings.contains { $0.state == .warning && $0.found.contains("SQL_ASCII") }, "\(findings)")
        }
    }
}

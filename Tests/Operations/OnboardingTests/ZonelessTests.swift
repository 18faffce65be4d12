import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// One table with a row per impression and two times, neither of which says its zone.
@Suite struct ZonelessTests {
    @Test("Two times without a zone get one view with both and an index for each, and the view becomes a job")
    func twoTimes() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.script(
                """
                CREATE SCHEMA log;
                CREATE TABLE log.ads AS
                SELECT n AS id, timestamp '2026-01-05 00:00' + n * interval '11 days' / 20000 AS shown_at, n % 9 AS item,
                       'p' || n % 50 AS person, NULL::timestamp AS clicked_at
                FROM generate_series(1, 20000) n;
                UPDATE log.ads SET clicked_at = shown_at + interval '30 s'
                WHERE abs(hashtext('luck ' || id)::bigint) % 100 < 5 + item;
                """)
            let (refused, none) = try InitTests.draft(url, "log.ads", "log.ads")
            #expect(refused.code == 6 && none.isEmpty)
            #expect(
                refused.errors.contains("shown_at of log.ads has type timestamp")
                    && refused.errors.contains("clicked_at of log.ads has type timestamp"), "\(refused.errors)")
            let statements = refused.errors.split(separator: "\n").filter { $0.hasPrefix("  ") && $0.hasSuffix(";") }
            #expect(statements.count == 4, "\(refused.errors)")
            for statement in statements { try connection.script(String(statement)) }
            let (result, text) = try InitTests.draft(url, "log.ads_utc", "log.ads_utc")
            #expect(
                result.code == 0 && text.contains("id: id, time: shown_at_utc}")
                    && text.contains("impression_id: id, time: clicked_at_utc}"), "\(result.errors)\(text)")
            // The times in the job file by hand: one problem that names the same view.
            try withTemporaryFolder { folder in
                let job = "\(folder)/job.yaml"
                let byHand = text.replacing("log.ads_utc", with: "log.ads").replacing("_at_utc}", with: "_at}")
                try byHand.write(toFile: job, atomically: true, encoding: .utf8)
                let checked = try RocketProgram.rocket(["config", "check", job, "--database"], database: url)
                #expect(checked.code == 6 && checked.errors.contains("AS \"shown_at_utc\""), "\(checked.errors)")
                #expect(checked.errors.contains("AS \"clicked_at_utc\""), "\(checked.errors)")
                #expect(checked.errors.split(separator: "CREATE VIEW").count == 2, "\(checked.errors)")
            }
        }
    }

    @Test("A click's time without a zone is asked for although the impression's has one")
    func clickTime() throws {
        try TestDatabase.run(.empty) { url in
            try TestDatabase.connect(url).script(
                """
                CREATE SCHEMA log;
                CREATE TABLE log.ads AS
                SELECT n AS id, timestamptz '2026-01-05 00:00Z' + n * interval '11 days' / 20000 AS shown_at, n % 9 AS item,
                       CASE WHEN n % 12 = 0 THEN timestamp '2026-01-05 00:01' + n * interval '11 days' / 20000 END AS clicked_at
                FROM generate_series(1, 20000) n;
                """)
            let (refused, _) = try InitTests.draft(url, "log.ads", "log.ads")
            #expect(refused.code == 6 && refused.errors.contains("clicked_at of log.ads has type"), "\(refused.errors)")
            #expect(!refused.errors.contains("shown_at of log.ads"), "\(refused.errors)")
        }
    }
}

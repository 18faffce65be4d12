import Doctor
import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// What doctor says of logs in which all, none or some impressions are clicked, and of logs that it may not read whole.
@Suite struct LogLookTests {
    private static func events(_ url: String, _ job: String) throws -> Finding {
        try #require(DoctorTests.examine(url, job: job).first { $0.subject == "events" })
    }

    @Test("All, none, some or too few impressions clicked: each is said as it is, and nothing of an empty log")
    func clicked() throws {
        try TestJob.withJob { url, job in
            let connection = try TestDatabase.connect(url)
            let mixed = try Self.events(url, job)
            #expect(mixed.state == .ok && mixed.found.contains("of the first 2000 impressions are clicked"), "\(mixed)")
            try connection.script("TRUNCATE ad_log.clicks")
            let none = try Self.events(url, job)
            #expect(none.state == .warning && none.found.contains("the first 2000 impressions"), "\(none)")
            #expect(none.found.contains("have no click") && none.fix?.contains("rocket init") == true, "\(none)")
            try connection.script(
                """
                INSERT INTO ad_log.clicks (impression_id, clicked_at)
                SELECT impression_id, impressed_at FROM ad_log.impressions
                """)
            let all = try Self.events(url, job)
            #expect(all.state == .problem && all.found.contains("nearly all of 2000 impressions"), "\(all)")
            try connection.script(
                """
                DELETE FROM ad_log.impressions
                WHERE impression_id NOT IN (SELECT impression_id FROM ad_log.impressions ORDER BY 1 LIMIT 7)
                """)
            let few = try Self.events(url, job)
            #expect(few.state == .warning && few.found.contains("first 7 impressions"), "\(few)")
            #expect(few.found.contains("too few to tell"), "\(few)")
            try connection.script("DELETE FROM ad_log.impressions")
            // Of an empty log one finding says so; nothing is said of its events.
            let empty = DoctorTests.examine(url, job: job)
            #expect(!empty.contains { $0.subject == "events" }, "\(empty)")
            #expect(empty.contains { $0.found == "no rows yet" }, "\(empty)")
        }
    }

    @Test("A table whose name has a point, in quotes, is found and its columns' rights are named")
    func quotedNames() throws {
        try TestJob.withJob { url, job in
            let admin = try TestDatabase.connect(url)
            try admin.script(
                "CREATE SCHEMA \"ad.log\"; CREATE TABLE \"ad.log\".shown AS SELECT * FROM ad_log.impressions")
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("ad_log.impressions", with: "'\"ad.log\".\"shown\"'").write(
                toFile: job, atomically: true, encoding: .utf8)
            let rights = DoctorTests.examine(url, job: job).filter { $0.subject == "\"ad.log\".\"shown\"" }
            #expect(rights.contains { $0.topic == .rights && $0.state == .ok }, "\(rights)")
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            let role = "\(name)_some"
            try admin.script(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA "ad.log", ad_log TO \(role);
                GRANT SELECT (impression_id, impressed_at, category, slot, interests, user_id, true_click_probability)
                ON "ad.log".shown TO \(role); GRANT SELECT ON ad_log.clicks TO \(role);
                """)
            defer { try? admin.script("DROP OWNED BY \(role); DROP ROLE \(role)") }
            let logs = url.replacing("user=rocket", with: "user=\(role)")
            let lacking = try #require(
                DoctorTests.examine(url, job: job, logs: logs).first { $0.topic == .rights && $0.state == .problem })
            #expect(lacking.fix == "GRANT SELECT (\"price\") ON \"ad.log\".\"shown\" TO \(role);", "\(lacking)")
        }
    }
}

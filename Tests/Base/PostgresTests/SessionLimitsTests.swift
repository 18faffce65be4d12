import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct SessionLimitsTests {
    static func setting(_ name: String, _ connection: Connection) throws -> String? {
        try connection.execute("SELECT current_setting($1) AS value", [.text(name)]).first?.text("value")
    }

    @Test("A session has the job's limits, and times are in UTC")
    func defaults() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            #expect(try Self.setting("lock_timeout", connection) == "1min")
            #expect(try Self.setting("idle_in_transaction_session_timeout", connection) == "15min")
            #expect(try Self.setting("idle_session_timeout", connection) == "0")
            #expect(try Self.setting("statement_timeout", connection) == "0")
            #expect(try Self.setting("TimeZone", connection) == "UTC")
        }
    }

    @Test("What the connection string, the role or the database sets goes first; the time zone stays UTC")
    func chosen() throws {
        try TestDatabase.run(.empty) { url in
            let admin = try TestDatabase.connect(url)
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            try admin.script(
                """
                CREATE ROLE \(name) LOGIN;
                ALTER ROLE \(name) SET lock_timeout = '7s';
                ALTER DATABASE \(name) SET idle_session_timeout = '1h';
                """)
            defer { try? admin.script("DROP ROLE \(name)") }
            let options = "&options=-c%20idle_in_transaction_session_timeout%3D3s%20-c%20timezone%3DAsia/Tokyo"
            let connection = try TestDatabase.connect(url.replacing("user=rocket", with: "user=\(name)") + options)
            #expect(try Self.setting("lock_timeout", connection) == "7s")
            #expect(try Self.setting("idle_session_timeout", connection) == "1h")
            #expect(try Self.setting("idle_in_transaction_session_timeout", connection) == "3s")
            #expect(try Self.setting("TimeZone", connection) == "UTC")
        }
    }
}

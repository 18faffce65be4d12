import Postgres
import TestSupport
import Testing

@Suite struct PostgresErrorTests {
    @Test(
        "What passes by itself is transient",
        arguments: [
            "08006", "25P03", "40001", "40P01", "53200", "53300", "55P03", "57014", "57P01", "57P02", "57P03", "57P05",
        ])
    func transient(state: String) {
        #expect(PostgresError.isTransient(sqlState: state))
    }

    @Test(
        "What a person must fix is not transient",
        arguments: [
            "08P01", "22012", "23505", "25006", "28000", "28P01", "3D000", "42501", "42P01", "53100", "57P04", "58030",
            "XX001",
        ])
    func permanent(state: String) {
        #expect(!PostgresError.isTransient(sqlState: state))
    }

    @Test("A terminated session is a lost connection or a shutdown, and transient")
    func terminated() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            let pid = try #require(try connection.execute("SELECT pg_backend_pid() AS pid").first).int("pid")
            try TestDatabase.connect(url).execute("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)])
            let first = #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
            #expect(first?.isTransient == true)
            let second = #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
            guard case .connectionLost = try #require(second) else {
                Issue.record("another error: \(String(describing: second))")
                return
            }
            #expect(second?.isTransient == true)
        }
    }

    @Test("Time-outs, a missing right and a read-only session say what to do")
    func advice() throws {
        try TestDatabase.run(.empty) { url in
            let holder = try TestDatabase.connect(url)
            try holder.script("CREATE TABLE t (x int)")
            try holder.script("BEGIN; LOCK TABLE t")
            let connection = try TestDatabase.connect(url + "&options=-c%20lock_timeout%3D10ms")
            let lock = #expect(throws: PostgresError.self) { try connection.execute("SELECT * FROM t") }
            #expect(lock?.sqlState == "55P03" && lock?.isTransient == true)
            #expect("\(try #require(lock))".contains("pg_blocking_pids"))
            try connection.script("SET statement_timeout = '10ms'")
            let time = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(10)") }
            #expect(time?.sqlState == "57014" && time?.isTransient == true)
            #expect("\(try #require(time))".contains("statement_timeout"))
            try holder.script("COMMIT")
            let readOnly = try Connection(ConnectionSettings(url, access: .readOnly), applicationName: "tests")
            let write = #expect(throws: PostgresError.self) { try readOnly.execute("INSERT INTO public.t VALUES (1)") }
            #expect(write?.sqlState == "25006" && write?.isTransient == false)
            #expect("\(try #require(write))".contains("--source-database"))
            let name = try #require(try holder.execute("SELECT current_database() AS name").first).text("name")
            try holder.script("CREATE ROLE \(name) LOGIN")
            defer { try? holder.script("DROP ROLE \(name)") }
            let stranger = try TestDatabase.connect(url.replacing("user=rocket", with: "user=\(name)"))
            let right = #expect(throws: PostgresError.self) { try stranger.execute("SELECT * FROM t") }
            #expect(right?.sqlState == "42501" && right?.isTransient == false)
            let advice = "\(try #require(right))"
            #expect(advice.contains("‘\(name)’") && advice.contains("rocket_writer"))
        }
    }
}
